// The keyboard: to the box, from hit to hit, and a list of what there is. Single letters can be switched off (WCAG 2.1.4).
"use strict";

(() => {
  const KEY = "telusur:keys";
  const dialog = document.getElementById("shortcuts");
  const isOn = dialog.querySelector("[data-shortcuts-on]");
  const opener = document.querySelector("[data-shortcuts-open]");
  const box = document.getElementById("q");
  const titles = [...document.querySelectorAll(".hits .card-title a")];

  try {
    isOn.checked = localStorage.getItem(KEY) !== "off";
    isOn.addEventListener("change", () => {
      if (isOn.checked) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, "off");
    });
  } catch {
    // Storage may be switched off; then the choice lasts as long as the page.
  }

  function show() {
    dialog.showModal();
    dialog.querySelector("button").focus(); // not the switch, which stands first
  }

  opener.hidden = false;
  opener.addEventListener("click", show);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside the sheet
  });

  function isTyping(target) {
    return target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]") !== null;
  }

  // The hit in which the focus is, else the one before those in sight.
  function current() {
    const card = document.activeElement.closest(".hits > li");
    if (card) return titles.findIndex((title) => card.contains(title));
    const next = titles.findIndex((title) => title.closest("li").getBoundingClientRect().top >= 0);
    return next < 0 ? titles.length - 1 : next - 1;
  }

  function go(place) {
    const title = titles[Math.min(Math.max(place, 0), titles.length - 1)];
    title.focus({ preventScroll: true });
    title.closest("li").scrollIntoView({ block: "nearest" });
  }

  function letter(event) {
    if (!isOn.checked || isTyping(event.target)) return false;
    if (event.key === "/" && box) {
      box.focus();
      box.select();
    } else if (event.key === "?") {
      show();
    } else if (titles.length && event.key === "j") {
      go(current() + 1);
    } else if (titles.length && event.key === "k") {
      go(current() - 1);
    } else {
      return false;
    }
    return true;
  }

  // Arrows scroll, as everywhere, until the focus is on a hit.
  function arrow(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !titles.length) return false;
    const place = titles.indexOf(document.activeElement);
    if (place >= 0 && place + step >= 0) go(place + step);
    else if (place === 0 && box) box.focus();
    else if (event.target === box && step > 0) go(0);
    else return false;
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    if (letter(event) || arrow(event)) event.preventDefault();
  });
})();
