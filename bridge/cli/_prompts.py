"""Questions at the terminal, one after the other: each answer is checked at once, and any can be changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click
from pydantic import SecretStr, TypeAdapter, ValidationError

from bridge.config.account_settings import is_secret

BACK = "<"
Answers = dict[str, str]
Check = Callable[[str, Mapping[str, str]], str | None]


def should_always_ask(answers: Mapping[str, str]) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Question:
    """`kind` is the type of the answer in the configuration. `default` "" = may be left empty. `when` tells by the
    answers so far whether it is asked; `check` says what is wrong with an answer beside others. A `hidden` answer is
    not shown while it is typed; a `secret` one is in no summary. `twice` asks for it once more."""

    name: str
    text: str
    kind: Any
    default: str | None = None
    label: str = ""  # in the summary
    when: Callable[[Mapping[str, str]], bool] = should_always_ask
    check: Check = lambda text, answers: None
    hidden: bool = False
    secret: bool = False
    twice: bool = False


class GoBack(Exception):
    """The question before is wanted again."""


def validate_answer(question: Question, text: str, answers: Mapping[str, str] | None = None) -> str:
    """The answer as the configuration takes it. Raises UsageError with what is wrong and the remedy."""
    if not question.secret and is_secret(text) and question.name not in {"client_id", "login", "theme"}:
        raise click.UsageError("this is a secret of Shopify, which does not belong here")
    try:
        found = TypeAdapter(question.kind).validate_python(text)
    except ValidationError as error:
        raise click.UsageError(describe_validation_error(error, text)) from None
    plain = found.get_secret_value() if isinstance(found, SecretStr) else str(found)
    fault = question.check(plain, answers or {})
    if fault:
        raise click.UsageError(fault)
    return plain


def describe_validation_error(error: ValidationError, text: str) -> str:
    """What the type of the configuration says, and the remedy."""
    context = error.errors()[0].get("ctx") or {}
    what = str(context.get("what", "is not possible")).replace("{value}", f'"{text}"')
    what = what if what.startswith('"') else f"this {what}"
    remedy = context.get("hint") or context.get("remedy")
    return f"{what}; {remedy}" if remedy else what


def ask_questions(questions: Sequence[Question], answers: Answers) -> Answers:
    """Ask all that are not answered yet. `<` goes back to the question before."""
    given = dict(answers)
    asked: list[str] = []
    place = 0
    while place < len(questions):
        question = questions[place]
        if question.name in answers or not question.when(given):
            given = given if question.name in answers else _remove_answer(given, question.name)
            place += 1
            continue
        try:
            answer = _ask_question(question, given)
        except GoBack:
            if asked:
                before = asked.pop()
                place = next(i for i, one in enumerate(questions) if one.name == before)
            continue
        given = {**given, question.name: answer} if answer else _remove_answer(given, question.name)
        asked.append(question.name)
        place += 1
    return given


def _remove_answer(answers: Answers, name: str) -> Answers:
    return {key: value for key, value in answers.items() if key != name}


def _ask_question(question: Question, answers: Answers) -> str:
    """The answer to one question; asked again until it can be. Raises Back."""
    default = answers.get(question.name, question.default) if not question.secret else question.default
    while True:
        text = click.prompt(
            question.text,
            default=default,
            show_default=bool(default),
            hide_input=question.hidden,
            value_proc=str.strip,
        )
        if text == BACK:
            raise GoBack
        if not text:
            return ""
        try:
            answer = validate_answer(question, text, answers)
        except click.UsageError as error:
            click.echo(f"Error: {error.message}")
            continue
        if (
            question.twice
            and click.prompt("Once more", hide_input=True, default="", show_default=False) != answer
        ):
            click.echo("Error: the two differ")
            continue
        return answer


def confirm_answers(questions: Sequence[Question], answers: Answers, title: str) -> Answers:
    """Show the summary until it is right. Raises Abort when nothing is to be written."""
    while True:
        shown = [one for one in questions if one.when(answers)]
        click.echo(f"\n{title}")
        for number, question in enumerate(shown, start=1):
            click.echo(
                f"  {number:2}. {question.label or question.text}: {_format_answer(question, answers)}"
            )
        text = click.prompt(
            "Write it? (yes, no, or the number of an answer to change)", default="yes"
        ).strip()
        if text.lower() in {"y", "yes"}:
            return answers
        if text.lower() in {"n", "no"}:
            click.echo("Nothing was written.")
            raise click.Abort
        if text.isdigit() and 0 < int(text) <= len(shown):
            question = shown[int(text) - 1]
            try:
                answer = _ask_question(question, answers)
            except GoBack:
                continue
            answers = {**answers, question.name: answer} if answer else _remove_answer(answers, question.name)
            answers = ask_questions(
                [one for one in questions if one.name not in answers and one not in shown], answers
            )


def _format_answer(question: Question, answers: Mapping[str, str]) -> str:
    if question.name not in answers:
        return "-"
    return "(given, not shown)" if question.secret else answers[question.name]
