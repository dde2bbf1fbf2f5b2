// Runs before the page is painted, so that it never flashes in another theme than its reader's.
"use strict";

(() => {
  const KEY = "telusur:theme";
  const THEMES = ["auto", "light", "dark"];
  const root = document.documentElement;

  function read() {
    try {
      const theme = localStorage.getItem(KEY);
      return THEMES.includes(theme) ? theme : "auto";
    } catch {
      return "auto"; // storage may be switched off
    }
  }

  function write(theme) {
    try {
      if (theme === "auto") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, theme);
    } catch {
      // Then the choice lasts as long as the page.
    }
  }

  function apply(theme) {
    root.dataset.theme = theme;
    // What a browser paints around the page follows it too.
    for (const meta of document.querySelectorAll('meta[name="theme-color"]')) {
      const own = meta.dataset.own ??= meta.media;
      const is = own.includes("dark") ? "dark" : "light";
      meta.media = theme === "auto" ? own : theme === is ? "all" : "not all";
    }
  }

  function label(button) {
    const text = button.dataset[root.dataset.theme];
    button.title = text;
    button.querySelector("[data-theme-label]").textContent = text;
  }

  root.dataset.js = "";
  apply(read());

  addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-switch]");
    label(button);
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length];
      write(next);
      apply(next);
      label(button);
    });
    addEventListener("storage", (event) => {
      if (event.key !== KEY) return;
      apply(read());
      label(button);
    });
  });
})();
