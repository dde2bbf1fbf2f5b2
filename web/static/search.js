// The search form and its filters. Everything here is a convenience: the page works the same without it.
"use strict";

(() => {
  const SLOW_MS = 150; // an answer that comes sooner needs no sign that it is on its way
  const PLACE = "telusur:place";
  const isRoomy = matchMedia("(width >= 64rem)"); // as in lists.css: filters stand beside the list

  function remember(key, value) {
    try {
      sessionStorage.setItem(key, value);
    } catch {
      // Storage may be switched off; then the page starts at its top.
    }
  }

  function recall(key) {
    try {
      const value = sessionStorage.getItem(key);
      sessionStorage.removeItem(key);
      return value;
    } catch {
      return null;
    }
  }

  // A form sends its empty fields too; leaving them out keeps links short enough to share.
  function dropEmptyFields(form) {
    for (const field of form.elements) {
      if (field.name && field.value === "") field.disabled = true;
    }
  }

  let timer = 0;

  function showProgress(form, isBusy) {
    const status = form.querySelector("[data-progress]");
    document.documentElement.toggleAttribute("data-busy", isBusy);
    if (status) status.textContent = isBusy ? status.dataset.message : "";
  }

  function rest(form) {
    clearTimeout(timer);
    for (const field of form.elements) field.disabled = false;
    showProgress(form, false);
  }

  // A choice among the filters takes effect at once where the list stands beside it; in a drawer several can be made first.
  function submitAt(field) {
    const filters = document.getElementById("filters");
    remember(PLACE, JSON.stringify([location.pathname, field.name, field.value, scrollY, filters?.scrollTop ?? 0]));
    field.form.requestSubmit();
  }

  // After a choice the page is another one, but its reader is still where he chose.
  function returnToPlace() {
    const place = JSON.parse(recall(PLACE) ?? "null");
    if (!place || place[0] !== location.pathname) return;
    const [, name, value, top, filtersTop] = place;
    const field = [...document.getElementsByName(name)].find((one) => one.value === value);
    if (!field) return;
    field.closest("details")?.setAttribute("open", "");
    field.focus({ preventScroll: true });
    scrollTo({ top, behavior: "instant" });
    const filters = document.getElementById("filters");
    if (filters) filters.scrollTop = filtersTop;
  }

  function narrow(input) {
    const wanted = input.value.trim().toLowerCase();
    for (const label of input.closest("details").querySelectorAll(".choice")) {
      label.hidden = !label.textContent.toLowerCase().includes(wanted);
    }
  }

  const form = document.querySelector("form[data-search]");
  if (!form) return;

  form.addEventListener("submit", () => {
    dropEmptyFields(form);
    timer = setTimeout(showProgress, SLOW_MS, form, true);
  });

  // Arrow keys walk through radio buttons and choose each on the way; only a click means it.
  let isPointed = false;
  addEventListener("pointerdown", () => { isPointed = true; }, true);
  addEventListener("keydown", () => { isPointed = false; }, true);
  for (const field of form.elements) {
    if (!("instant" in field.dataset)) continue;
    field.addEventListener("change", () => {
      const isMode = field.name === "mode";
      if (field.dataset.instant === "click" && !isPointed) return;
      if (isMode ? form.elements.q.value.trim() : isRoomy.matches) submitAt(field);
    });
  }

  for (const input of document.querySelectorAll("[data-narrow]")) {
    input.hidden = false;
    input.addEventListener("input", () => narrow(input));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault(); // it would send the form
    });
  }

  isRoomy.addEventListener("change", () => {
    for (const drawer of document.querySelectorAll("[popover]:popover-open")) drawer.hidePopover();
  });

  returnToPlace();

  // A page that Back brings up again is as it was when it was left: busy, its fields disabled.
  addEventListener("pageshow", () => rest(form));
})();
