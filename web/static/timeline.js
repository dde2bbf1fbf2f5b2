// Hits over time: what a bar stands for, a range of bars, and the picture as PNG. Without this each bar is a plain link.
"use strict";

(() => {
  const SCALE = 2; // pixels of a saved picture per CSS pixel
  const SLIP_PX = 6; // a hand moves this far within a click

  for (const root of document.querySelectorAll("[data-timeline]")) start(root);

  function start(root) {
    for (const button of root.querySelectorAll("[data-timeline-png]")) {
      button.hidden = false;
      button.addEventListener("click", () => savePng(button.dataset.timelinePng));
    }
    const picture = root.querySelector("[data-timeline-picture]");
    if (!picture) return;

    const tip = root.querySelector("[data-timeline-tip]");
    const spans = [...picture.querySelectorAll("[data-span]")].map((element) => ({ element, label: takeLabel(element), rect: element.querySelector("rect") }));
    const isLinked = (span) => span.element.hasAttribute("href");
    const links = spans.filter(isLinked);
    const hint = root.querySelector("[data-timeline-hint]");
    if (hint) hint.hidden = false;

    // One stop for the Tab key; arrows go on from there.
    links.forEach((span, place) => span.element.setAttribute("tabindex", place === links.length - 1 ? "0" : "-1"));

    let from = null; // places of the range's ends among all spans
    let to = null;
    let pressed = null;
    let isDragging = false;

    function showTip(place) {
      const { label, rect } = spans[place];
      tip.textContent = from !== null && from !== to ? rangeLabel() : label;
      tip.hidden = false;
      const box = rect.getBoundingClientRect();
      const sheet = tip.parentElement.getBoundingClientRect();
      const left = (box.left + box.right) / 2 - sheet.left - tip.offsetWidth / 2;
      tip.style.left = `${Math.max(0, Math.min(left, sheet.width - tip.offsetWidth))}px`;
    }

    function rangeLabel() {
      const [first, last] = from < to ? [from, to] : [to, from];
      return `${spans[first].element.dataset.span} – ${spans[last].element.dataset.span}`;
    }

    function select(anchor, end) {
      from = anchor;
      to = end;
      const [first, last] = from === null ? [1, 0] : [Math.min(from, to), Math.max(from, to)];
      spans.forEach((span, place) => span.rect.classList.toggle("is-selected", place >= first && place <= last));
    }

    // The address of the range, put together from those of its first and last bar.
    function follow() {
      const inside = spans.slice(Math.min(from, to), Math.max(from, to) + 1).filter(isLinked);
      if (!inside.length) return;
      const address = new URL(inside[0].element.getAttribute("href"), location.href);
      const last = new URL(inside.at(-1).element.getAttribute("href"), location.href);
      address.searchParams.set("until", last.searchParams.get("until"));
      location.assign(address);
    }

    function placeAt(event) {
      const box = picture.getBoundingClientRect();
      const place = Math.floor(((event.clientX - box.left) / box.width) * spans.length);
      return Math.max(0, Math.min(place, spans.length - 1));
    }

    picture.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !links.length) return;
      pressed = { place: placeAt(event), x: event.clientX };
    });
    picture.addEventListener("pointermove", (event) => {
      const place = placeAt(event);
      if (pressed && !isDragging && Math.abs(event.clientX - pressed.x) > SLIP_PX) {
        isDragging = true;
        picture.setPointerCapture(event.pointerId);
      }
      if (isDragging) select(pressed.place, place);
      showTip(place);
    });
    addEventListener("pointerup", () => {
      if (isDragging) {
        follow();
        // The click that ends the dragging comes after this, and must still find it.
        setTimeout(() => { isDragging = false; });
      }
      pressed = null;
    });
    picture.addEventListener("pointercancel", () => rest());
    picture.addEventListener("pointerleave", () => { if (!isDragging) tip.hidden = true; });
    picture.addEventListener("dragstart", (event) => event.preventDefault());
    picture.addEventListener("click", (event) => { if (isDragging) event.preventDefault(); }, true);

    function rest() {
      pressed = null;
      isDragging = false;
      select(null, null);
      tip.hidden = true;
    }

    function focusOn(span) {
      for (const one of links) one.element.setAttribute("tabindex", one === span ? "0" : "-1");
      span.element.focus();
    }

    picture.addEventListener("focusin", (event) => {
      const place = spans.findIndex((span) => span.element === event.target.closest("[data-span]"));
      if (place >= 0) showTip(place);
    });
    picture.addEventListener("focusout", () => { tip.hidden = true; });
    picture.addEventListener("keydown", (event) => {
      const now = links.findIndex((span) => span.element === document.activeElement);
      const wanted = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: links.length - 1 }[event.key];
      if (event.key === "Escape") {
        rest();
      } else if (event.key === "Enter" && from !== null && from !== to) {
        event.preventDefault();
        follow();
      } else if (now >= 0 && wanted !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        const span = links[Math.max(0, Math.min(wanted, links.length - 1))];
        if (event.shiftKey) select(from ?? spans.indexOf(links[now]), spans.indexOf(span));
        else select(null, null);
        focusOn(span);
      }
    });

    // Back brings the page up as it was left: with a range that has been followed.
    addEventListener("pageshow", rest);
  }

  // A title would show a second, slower tip beside ours.
  function takeLabel(element) {
    const title = element.querySelector("title");
    const label = title.textContent;
    element.setAttribute("aria-label", label);
    if (!element.hasAttribute("href")) element.setAttribute("role", "img"); // only what has a role may have a name
    title.remove();
    return label;
  }

  async function savePng(address) {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth * SCALE;
    canvas.height = image.naturalHeight * SCALE;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = "telusur.png";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
})();
