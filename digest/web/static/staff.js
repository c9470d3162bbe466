// What the pages do better with a script; each works without.
(() => {
  "use strict";

  // An edition that is being sent: its part of the page is asked for again and put in place.
  const follow = async () => {
    const live = document.querySelector("[data-live]");
    if (!live) return;
    if (!document.hidden) {
      try {
        const answer = await fetch(location.href, { headers: { "X-Part": "live" } });
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
        if (answer.ok && fresh && !live.contains(document.activeElement)) live.replaceWith(fresh);
      } catch {
        // Without an answer the page stays as it was, with the time it was true at.
      }
    }
    setTimeout(follow, 2000);
  };
  setTimeout(follow, 2000);

  // On a phone the menu is wider than the screen; the page one is on stays in sight.
  const menu = document.querySelector("nav [aria-current]");
  if (menu && innerWidth < 800) menu.closest("ul").scrollLeft = menu.offsetLeft - 48;

  // The field of a condition suggests what its claim can have, and takes a day where it is about one.
  for (const claim of document.querySelectorAll("select[data-claim]")) {
    const value = claim.parentElement.querySelector("input");
    const suit = () => {
      const kind = claim.selectedOptions[0].dataset.kind;
      value.setAttribute("list", `values-${kind}`);
      value.type = kind === "day" ? "date" : "text";
    };
    claim.addEventListener("change", suit);
    suit();
  }

  // A template that is being written: its mail is made again when the hand rests.
  const written = document.querySelector("textarea[data-preview]");
  if (written) {
    const button = document.querySelector("button[data-preview]");
    let waiting;
    const show = (after) => {
      clearTimeout(waiting);
      waiting = setTimeout(() => written.form.requestSubmit(button), after);
    };
    written.addEventListener("input", () => show(700));
    for (const choice of written.form.querySelectorAll("select")) choice.addEventListener("change", () => show(0));
    addEventListener("beforeunload", (event) => {
      if (written.value !== written.defaultValue && !written.form.dataset.kept) event.preventDefault();
    });
    written.form.addEventListener("submit", (event) => {
      if (event.submitter !== button) written.form.dataset.kept = "yes";
    });
  }

  // A topic that is being defined: what it would match is looked up again when the hand rests.
  const tried = document.querySelector("form[data-try]");
  if (tried) {
    let waiting, asked;
    const look = async () => {
      asked?.abort();
      asked = new AbortController();
      const body = new URLSearchParams(new FormData(tried));
      body.set("do", "try");
      try {
        const answer = await fetch(tried.action, { method: "POST", body, signal: asked.signal });
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("trial");
        if (fresh) document.getElementById("trial").replaceChildren(...fresh.childNodes);
      } catch {
        // Without an answer what was found before stays; the button asks again.
      }
    };
    tried.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(look, 700);
    });
  }

  // One box that ticks all others of its table.
  for (const head of document.querySelectorAll("th[data-all]")) {
    const all = document.createElement("input");
    all.type = "checkbox";
    all.setAttribute("aria-label", head.dataset.all);
    all.addEventListener("change", () => {
      for (const box of head.closest("table").querySelectorAll("tbody input[type=checkbox]")) box.checked = all.checked;
    });
    head.append(all);
  }

  // Keys: a list of them, the search field, the next page, and Ctrl+S for whatever form is being written.
  const shortcuts = document.getElementById("shortcuts");
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      // Only forms that keep something; never one that says yes to what cannot be undone.
      const form = document.activeElement?.closest("form[data-save]") ?? document.querySelector("form[data-save]");
      if (!form) return;
      event.preventDefault();
      form.requestSubmit(form.querySelector("button[data-save]") ?? form.querySelector("button"));
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    if (event.key === "?" && shortcuts && !shortcuts.open) shortcuts.showModal();
    if (event.key === "n") document.querySelector("a[rel=next]")?.click();
    if (event.key === "/") {
      const field = document.querySelector("main form[method=get] :is(input:not([type=hidden]), select)");
      if (field) event.preventDefault();
      field?.focus();
    }
  });

  // A button that copies, beside each id; where the browser does not let us, the id is selected by one click anyway.
  if (navigator.clipboard) {
    for (const id of document.querySelectorAll("[data-copy]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "⧉";
      button.setAttribute("aria-label", `⧉ ${id.dataset.copy}`);
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(id.dataset.copy);
        button.textContent = "✓";
      });
      id.after(button);
    }
  }
})();
