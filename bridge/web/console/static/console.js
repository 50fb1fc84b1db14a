// Keeps an open page fresh, copies what is to be copied, and tells the server the reader's time zone. Every page works without this file.
"use strict";

(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  const told = document.cookie.split("; ").find((part) => part.startsWith("bridge-zone="));
  const wanted = `bridge-zone=${encodeURIComponent(zone)}`;
  const isNew = zone && told !== wanted;
  if (isNew) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${wanted}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  }

  // --- buttons that copy the text of another element

  const copied = async (text, element) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const range = document.createRange(); // without TLS there is no clipboard but this
    range.selectNodeContents(element);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    if (!document.execCommand("copy")) throw new Error("the browser does not copy");
  };

  for (const button of document.querySelectorAll("button[data-copy]")) {
    const element = document.getElementById(button.dataset.copy);
    if (!element) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      const said = button.parentElement.querySelector("[role=status]");
      said.textContent = "";
      const tell = () => (said.textContent = button.dataset.done);
      const select = () => getSelection().selectAllChildren(element); // so that the reader can copy by hand
      copied(element.textContent, element).then(tell, select);
    });
  }

  // --- fresh blocks: every element with an id and data-fresh is replaced by what the server says now

  let pressed = false;
  addEventListener("pointerdown", () => (pressed = true), true);
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => (pressed = false), true);

  const isBusy = (block) => {
    const active = document.activeElement;
    if (block.contains(active) && active.matches("input:not([type=checkbox]), select, textarea")) return true;
    if (block.querySelector("input:checked:not([type=checkbox])")) return true;
    const selection = getSelection();
    return !selection.isCollapsed && block.contains(selection.anchorNode);
  };

  let asking = false;
  let again = false;

  const refresh = async () => {
    if (asking || pressed || document.hidden) {
      again = true;
      if (pressed) setTimeout(refresh, 1500);
      return;
    }
    asking = true;
    again = false;
    try {
      const answer = await fetch(location.href, { redirect: "manual" });
      if (answer.type === "opaqueredirect") location.reload(); // the session is over: to the sign-in
      if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // the service is away for a moment; the next event asks again
    } finally {
      asking = false;
      if (again && !document.hidden) setTimeout(refresh, 1500);
    }
  };

  const replace = (page) => {
    for (const block of document.querySelectorAll("[data-fresh][id]")) {
      const fresh = page.getElementById(block.id);
      if (!fresh || isBusy(block) || fresh.innerHTML === block.innerHTML) continue;
      const active = document.activeElement;
      const focused = block.contains(active) && active !== block;
      const heir = focused ? likeIt(active, fresh)[likeIt(active, block).indexOf(active)] : null;
      if (focused && !heir) {
        // what the keyboard is on is no longer there: it stays until the reader moves on
        block.addEventListener("focusout", () => setTimeout(refresh, 200), { once: true });
        continue;
      }
      const open = [...block.querySelectorAll("details[open][id]")].map((one) => one.id);
      const ticked = [...block.querySelectorAll("input[type=checkbox][id]:checked")].map((one) => one.id);
      block.replaceChildren(...fresh.childNodes);
      for (const id of ticked) {
        const box = block.querySelector(`#${CSS.escape(id)}`);
        if (box) box.checked = true;
      }
      for (const id of open) block.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
      heir?.focus({ preventScroll: true });
    }
  };

  // by what they do, not by where they stand: Enter after a refresh must not act on another order
  const likeIt = (element, block) => {
    const does = (one) => {
      const to = one.id || one.getAttribute("href");
      return [to, one.form?.getAttribute("action"), to ? "" : one.textContent.trim()].join("\n");
    };
    return [...block.querySelectorAll(element.localName)].filter((one) => does(one) === does(element));
  };

  const live = document.body.dataset.live;
  if (live && document.querySelector("[data-fresh]")) {
    const source = new EventSource(live);
    source.onmessage = () => setTimeout(refresh, 200);
    source.onopen = () => setTimeout(refresh, 200); // for what happened since the page was made
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && again) refresh();
    });
    setInterval(refresh, 60000); // so that “3 minutes ago” stays true
    if (isNew) refresh();
  }
})();
