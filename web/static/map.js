// The map of the archive: what a dot stands for, zooming and moving. Without this some dots and all names are plain links.
"use strict";

(() => {
  const MOST_ZOOM = 40;
  const STEP = 1.5; // of one press of a button or key
  const REACH_PX = 14; // a pointer this near to a dot means it
  const SLIP_PX = 6; // a hand moves this far within a click
  const MANY = 4_000; // dots are smaller from here on
  const SVG = "http://www.w3.org/2000/svg";

  const root = document.querySelector("[data-map]");
  const picture = root.querySelector("[data-map-picture]");
  const sheet = picture.parentElement;
  const dots = root.querySelector("[data-map-dots]");
  const UNITS = dots.viewBox.baseVal.width; // of the whole picture
  const plain = root.querySelector("[data-map-plain]");
  const tip = root.querySelector("[data-map-tip]");
  const labels = [...root.querySelectorAll("[data-map-labels] text")].map((text) => ({
    text,
    link: text.parentElement,
    x: Number.parseFloat(text.getAttribute("x")) * (UNITS / 100),
    y: Number.parseFloat(text.getAttribute("y")) * (UNITS / 100),
  }));
  const links = [...dots.querySelectorAll("a")].map((element) => {
    const [, x, y] = element.querySelector("path").getAttribute("d").match(/^M(\d+) (\d+)/);
    return { element, x: Number(x), y: Number(y) };
  });
  const mark = dots.appendChild(document.createElementNS(SVG, "path"));
  mark.classList.add("map-mark");

  let releases = []; // x, y, topic, id, title, day
  const view = { x: 0, y: 0, size: UNITS };
  let pressed = null;
  let isDragging = false;
  let isWaiting = false;

  const clamp = (value, low, high) => Math.max(low, Math.min(value, high));

  // One stop for the Tab key among the dots; arrows go on from there. A title would show a second, slower tip beside ours.
  links.forEach(({ element }, place) => {
    element.setAttribute("tabindex", place ? "-1" : "0");
    const title = element.querySelector("title");
    element.setAttribute("aria-label", title.textContent);
    title.remove();
  });
  picture.setAttribute("tabindex", "0");
  picture.setAttribute("aria-describedby", "map-hint");
  picture.setAttribute("aria-busy", "true");
  root.querySelector("[data-map-tools]").hidden = false;

  fetch(root.dataset.mapData)
    .then((response) => {
      if (!response.ok) throw new Error(response.statusText);
      return response.json();
    })
    .then((rows) => {
      releases = rows;
      if (rows.length > MANY) dots.classList.add("is-many");
      drawAll();
    })
    .catch(() => {}) // what the page brought along stays as it is
    .finally(() => picture.removeAttribute("aria-busy"));

  // The page itself holds only so many dots. Links stay what they are.
  function drawAll() {
    const colours = new Map([...document.querySelectorAll("[data-colour]")].map((one) => [Number(one.dataset.topic), one.dataset.colour]));
    const linked = new Set(links.map(({ x, y }) => `${x} ${y}`));
    const paths = new Map();
    for (const [x, y, topic] of releases) if (!linked.has(`${x} ${y}`)) paths.set(topic, `${paths.get(topic) ?? ""}M${x} ${y}h0`);
    plain.replaceChildren(...[...paths].map(([topic, d]) => {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("class", `map-${colours.get(topic) ?? 0}`);
      path.setAttribute("data-topic", topic);
      path.setAttribute("d", d);
      return path;
    }));
  }

  function place(x, y) {
    const box = picture.getBoundingClientRect();
    return { x: ((x - view.x) / view.size) * box.width, y: ((y - view.y) / view.size) * box.height };
  }

  function look(x, y, size) {
    view.size = clamp(size, UNITS / MOST_ZOOM, UNITS);
    view.x = clamp(x, 0, UNITS - view.size);
    view.y = clamp(y, 0, UNITS - view.size);
    hideTip();
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(show);
  }

  function show() {
    isWaiting = false;
    dots.setAttribute("viewBox", `${view.x} ${view.y} ${view.size} ${view.size}`);
    picture.classList.toggle("is-zoomed", view.size < UNITS);
    for (const { text, link, x, y } of labels) {
      link.classList.remove("is-covered");
      text.setAttribute("x", `${((x - view.x) / view.size) * 100}%`);
      text.setAttribute("y", `${((y - view.y) / view.size) * 100}%`);
    }
    if (view.size === UNITS) return; // the style sheet knows which names have room
    const bounds = picture.getBoundingClientRect();
    const boxes = labels.map(({ text }) => text.getBoundingClientRect());
    const shown = [];
    labels.forEach(({ link }, number) => {
      const box = boxes[number];
      const isInside = box.left >= bounds.left && box.right <= bounds.right && box.top >= bounds.top && box.bottom <= bounds.bottom;
      const isFree = shown.every((other) => box.right < other.left || other.right < box.left || box.bottom < other.top || other.bottom < box.top);
      if (isInside && isFree) shown.push(box);
      else link.classList.add("is-covered");
    });
  }

  // Zoom so that what is at (x, y), as shares of the picture's width and height, stays there.
  function zoom(factor, x = 0.5, y = 0.5) {
    const size = clamp(view.size / factor, UNITS / MOST_ZOOM, UNITS);
    look(view.x + x * (view.size - size), view.y + y * (view.size - size), size);
  }

  const move = (x, y) => look(view.x + x * view.size, view.y + y * view.size, view.size);
  const whole = () => look(0, 0, UNITS);

  for (const button of root.querySelectorAll("[data-map-zoom]")) {
    const act = { in: () => zoom(STEP), out: () => zoom(1 / STEP), whole }[button.dataset.mapZoom];
    button.addEventListener("click", act);
  }

  picture.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !picture.contains(document.activeElement)) return; // a reader who passes by scrolls the page
    event.preventDefault();
    const box = picture.getBoundingClientRect();
    zoom(1.002 ** -event.deltaY, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  }, { passive: false });

  picture.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "+" || event.key === "=") zoom(STEP);
    else if (event.key === "-") zoom(1 / STEP);
    else if (event.key === "0") whole();
    else if (event.key === "Escape") hideTip();
    else if (arrow && document.activeElement.parentElement === dots) focusNext(arrow);
    else if (arrow && view.size < UNITS) move(arrow[0] * 0.2, arrow[1] * 0.2);
    else return;
    event.preventDefault();
  });

  // From a dot to the nearest that lies in a direction, within a quarter turn.
  function focusNext([right, down]) {
    const now = links.find(({ element }) => element === document.activeElement);
    let best = null;
    let least = Infinity;
    for (const link of links) {
      const x = link.x - now.x;
      const y = link.y - now.y;
      const ahead = x * right + y * down;
      const aside = Math.abs(x * down) + Math.abs(y * right);
      if (ahead <= 0 || aside > ahead || ahead + aside >= least) continue;
      best = link;
      least = ahead + aside;
    }
    if (!best) return;
    now.element.setAttribute("tabindex", "-1");
    best.element.setAttribute("tabindex", "0");
    const { x, y, size } = view;
    if (best.x < x || best.x > x + size || best.y < y || best.y > y + size) look(best.x - size / 2, best.y - size / 2, size);
    best.element.focus({ preventScroll: true });
  }

  function showTip(title, day, x, y) {
    tip.querySelector("[data-map-title]").textContent = title;
    tip.querySelector("[data-map-day]").textContent = day;
    tip.hidden = false;
    const at = place(x, y);
    tip.style.left = `${clamp(at.x - tip.offsetWidth / 2, 0, sheet.clientWidth - tip.offsetWidth)}px`;
    const above = at.y - tip.offsetHeight - 14;
    tip.style.top = `${above < 0 ? at.y + 14 : above}px`;
  }

  function hideTip() {
    tip.hidden = true;
    mark.removeAttribute("d");
    picture.classList.remove("is-over");
  }

  function nearest(event) {
    const box = picture.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    let found = null;
    let least = REACH_PX ** 2;
    for (const release of releases) {
      const dx = ((release[0] - view.x) / view.size) * box.width - x;
      const dy = ((release[1] - view.y) / view.size) * box.height - y;
      if (dx * dx + dy * dy >= least) continue;
      least = dx * dx + dy * dy;
      found = release;
    }
    return found;
  }

  picture.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pressed = { x: event.clientX, y: event.clientY };
  });
  picture.addEventListener("pointermove", (event) => {
    if (pressed && !isDragging && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > SLIP_PX && view.size < UNITS) {
      isDragging = true;
      picture.setPointerCapture(event.pointerId);
    }
    if (isDragging) {
      const box = picture.getBoundingClientRect();
      move((pressed.x - event.clientX) / box.width, (pressed.y - event.clientY) / box.height);
      pressed = { x: event.clientX, y: event.clientY };
      return;
    }
    const found = event.target.closest(".map-label") ? null : nearest(event);
    hideTip();
    if (!found) return;
    const [x, y, , , title, day] = found;
    mark.setAttribute("d", `M${x} ${y}h0`);
    picture.classList.add("is-over");
    showTip(title, day, x, y);
  });
  addEventListener("pointerup", () => {
    pressed = null;
    // The click that ends the dragging comes after this, and must still find it.
    setTimeout(() => { isDragging = false; });
  });
  picture.addEventListener("pointercancel", () => { pressed = null; isDragging = false; });
  picture.addEventListener("pointerleave", () => { if (!isDragging) hideTip(); });
  picture.addEventListener("dragstart", (event) => event.preventDefault());
  picture.addEventListener("click", (event) => {
    if (isDragging) {
      event.preventDefault();
      return;
    }
    if (event.target.closest("a")) return;
    const found = nearest(event);
    if (found) location.assign(root.dataset.mapRelease.replace(/-$/, () => encodeURIComponent(found[3])));
    else picture.focus({ preventScroll: true });
  });

  picture.addEventListener("focusin", (event) => {
    const link = links.find(({ element }) => element === event.target);
    if (link) showTip(link.element.getAttribute("aria-label"), "", link.x, link.y);
  });
  picture.addEventListener("focusout", hideTip);

  // A topic that is pointed at, here or in the list, stands out.
  function light(topic) {
    dots.classList.toggle("is-dimmed", topic !== undefined);
    for (const path of dots.querySelectorAll("[data-topic]")) path.classList.toggle("is-lit", path.dataset.topic === topic);
  }
  for (const one of document.querySelectorAll(".map-label, .map-topics > li")) {
    for (const kind of ["pointerenter", "focusin"]) one.addEventListener(kind, () => light(one.dataset.topic));
    for (const kind of ["pointerleave", "focusout"]) one.addEventListener(kind, () => light(undefined));
  }
})();
