// Recent searches, kept in this browser and nowhere else; without storage there are none.
"use strict";

(() => {
  const KEY = "telusur:recent";
  const MOST = 8;
  const field = document.querySelector("[data-recent]");

  function read() {
    try {
      const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
      return Array.isArray(found) ? found.filter((one) => typeof one?.text === "string" && /^\?/.test(one.address)) : [];
    } catch {
      return [];
    }
  }

  function write(entries) {
    try {
      if (entries.length) localStorage.setItem(KEY, JSON.stringify(entries.slice(0, MOST)));
      else localStorage.removeItem(KEY);
    } catch {
      // Full, or switched off.
    }
  }

  function make(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  function add(text) {
    const parameters = new URLSearchParams(location.search);
    for (const name of ["lang", "offset"]) parameters.delete(name);
    write([{ text, address: `?${parameters}` }, ...read().filter((one) => one.text !== text)]);
  }

  const results = document.querySelector("[data-remember]");
  if (results?.dataset.remember) add(results.dataset.remember);
  if (!field) return;

  const input = field.querySelector("input");
  const words = field.dataset;
  const list = make("ul", {});
  const panel = make("div", { class: "recent", role: "group", "aria-label": words.recentTitle, hidden: "" },
    make("p", { class: "recent-title" }, words.recentTitle), list);
  const clear = make("button", { type: "button", class: "plain as-link" }, words.recentClear);
  panel.append(make("p", { class: "recent-end" }, make("span", {}, words.recentNote), clear));
  field.append(panel);

  function fill() {
    const typed = input.value.trim().toLowerCase();
    const asked = results?.dataset.remember ?? "";
    const isTyped = typed && typed !== asked.toLowerCase();
    const entries = read().filter((one) => one.text !== asked && (!isTyped || one.text.toLowerCase().includes(typed)));
    list.replaceChildren(...entries.map((one) => {
      const link = make("a", { href: `/${one.address}` }, one.text);
      const remove = make("button", { type: "button", class: "plain recent-remove" },
        make("span", { "aria-hidden": "true" }, "×"), make("span", { class: "unseen" }, `${words.recentRemove}: ${one.text}`));
      remove.addEventListener("click", () => drop(one, remove));
      return make("li", {}, link, remove);
    }));
    return entries.length > 0;
  }

  function drop(entry, button) {
    const place = [...list.children].indexOf(button.closest("li"));
    write(read().filter((one) => one.text !== entry.text));
    if (fill()) list.children[Math.min(place, list.children.length - 1)].querySelector("button").focus();
    else close(true);
  }

  function open() {
    panel.hidden = !fill();
  }

  function close(backToInput = false) {
    if (backToInput) input.focus();
    panel.hidden = true;
  }

  clear.addEventListener("click", () => {
    write([]);
    close(true);
  });

  // The start page puts the cursor into the box by itself; its reader has not asked for a list yet.
  let isAsked = !input.autofocus;
  input.addEventListener("pointerdown", () => { isAsked = true; open(); });
  input.addEventListener("focus", () => { if (isAsked) open(); isAsked = true; });
  input.addEventListener("input", open);
  panel.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus, and so the list stays open
  field.addEventListener("focusout", (event) => {
    if (!field.contains(event.relatedTarget)) close();
  });

  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) {
      event.preventDefault();
      close(true);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (panel.hidden && event.key === "ArrowDown" && event.altKey) open();
      if (panel.hidden) return;
      const stops = [input, ...list.querySelectorAll("a")];
      const at = stops.indexOf(document.activeElement);
      const next = stops[(at < 0 ? 0 : at) + (event.key === "ArrowDown" ? 1 : -1)];
      event.preventDefault();
      event.stopPropagation();
      next?.focus();
    } else if (event.key === "Delete" && document.activeElement.closest("li")) {
      document.activeElement.closest("li").querySelector("button").click();
    }
  });
})();
