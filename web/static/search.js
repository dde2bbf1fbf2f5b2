// Everything here is a convenience: the page works the same without it.
"use strict";

// A form sends its empty fields too; leaving them out keeps links short enough to share.
function dropEmptyFields(form) {
  for (const field of form.querySelectorAll("input")) {
    if (field.value === "") field.disabled = true;
  }
}

function showProgress(form, isBusy) {
  const status = form.querySelector("[data-progress]");
  form.toggleAttribute("data-busy", isBusy);
  if (status) status.textContent = isBusy ? status.dataset.message : "";
}

// A fold stays as its reader left it, for as long as the tab is open.
function rememberFold(fold) {
  const key = `telusur:fold:${fold.dataset.fold}`;
  try {
    const state = sessionStorage.getItem(key);
    if (state) fold.open = state === "open";
    fold.addEventListener("toggle", () => sessionStorage.setItem(key, fold.open ? "open" : "closed"));
  } catch {
    // Storage may be switched off; then the fold starts as the server sent it.
  }
}

for (const form of document.querySelectorAll("form[data-search]")) {
  form.addEventListener("submit", () => {
    dropEmptyFields(form);
    showProgress(form, true);
  });
}

for (const fold of document.querySelectorAll("details[data-fold]")) rememberFold(fold);

// A page that Back brings up again is as it was when it was left: busy, its fields disabled.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-search]")) {
    for (const field of form.querySelectorAll("input")) field.disabled = false;
    showProgress(form, false);
  }
});
