"""`sculpteo-bridge completion`: what a shell needs to complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

PROGRAM = "sculpteo-bridge"
VARIABLE = "_SCULPTEO_BRIDGE_COMPLETE"  # click derives the same name from the program's


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what bash, zsh or fish needs to complete commands and options at the press of Tab.

    \b
    bash:  sculpteo-bridge completion bash >> ~/.bashrc
    zsh:   sculpteo-bridge completion zsh >> ~/.zshrc
    fish:  sculpteo-bridge completion fish > ~/.config/fish/completions/sculpteo-bridge.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.ClickException(f"click has no completion for {shell}")
    click.echo(found(ctx.find_root().command, {}, PROGRAM, VARIABLE).source())
