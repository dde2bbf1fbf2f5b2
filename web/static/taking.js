// Everything here is a convenience: what is to be copied can be selected, and forms are sent, without it.
"use strict";

const COPIED_MS = 2500;

function select(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

// Browsers give the clipboard to pages over https only; an office's own server may have none. Copying a selection works there.
async function copy(element) {
  if (navigator.clipboard && globalThis.ClipboardItem) {
    const text = new Blob([element.textContent], { type: "text/plain" });
    const html = new Blob([element.innerHTML], { type: "text/html" });
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": text, "text/html": html })]);
    return;
  }
  select(element);
  if (!document.execCommand("copy")) throw new Error("the browser did not copy");
}

function addCopyButton(block, labels, status) {
  const heading = block.querySelector("h2");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "secondary copy";
  button.id = `${heading.id}-copy`;
  button.textContent = labels.copyLabel;
  button.setAttribute("aria-labelledby", `${button.id} ${heading.id}`);
  let timer = 0;
  button.addEventListener("click", async () => {
    let outcome = labels.copiedLabel;
    try {
      await copy(block.querySelector("[data-copied]"));
    } catch {
      select(block.querySelector("[data-copied]"));
      outcome = labels.failedLabel;
    }
    status.textContent = `${outcome}: ${heading.textContent}`;
    button.textContent = outcome;
    clearTimeout(timer);
    timer = setTimeout(() => {
      button.textContent = labels.copyLabel;
      status.textContent = "";
    }, COPIED_MS);
  });
  block.querySelector(".citation-head").append(button);
}

for (const page of document.querySelectorAll("[data-copy-label]")) {
  const status = page.querySelector("[data-copy-status]");
  for (const block of page.querySelectorAll("[data-copy]")) addCopyButton(block, page.dataset, status);
}
