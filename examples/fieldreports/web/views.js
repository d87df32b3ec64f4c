// What is on the screen. Texts of others are only ever set as text.

const $ = (id) => document.getElementById(id);

// element makes an element: element("p", { className: "note" }, "text", ...).
function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function time(when, format = { dateStyle: "medium", timeStyle: "short" }) {
  return element("time", { dateTime: when.toISOString() }, new Intl.DateTimeFormat(undefined, format).format(when));
}

// showView shows one of the sections, and who is logged in.
export function showView(id, user) {
  for (const view of ["loading", "login", "reports", "templates"]) {
    $(view).hidden = view !== id;
  }
  $("nav").hidden = $("account").hidden = !user;
  $("who").textContent = user?.name ?? "";
  for (const link of $("nav").children) {
    if (link.hash === `#${id}`) {
      link.setAttribute("aria-current", "page");
    } else {
      link.removeAttribute("aria-current");
    }
  }
}

export function showProblem(text) {
  $("problem").textContent = text;
  $("problem").hidden = !text;
}

// showMaintenance shows the notice, in the language of the answer and the time
// zone of the reader, and when the page asks again; without one it goes away.
export function showMaintenance(notice, next) {
  const was = $("maintenance").hidden;
  $("maintenance").hidden = !notice;
  document.body.classList.toggle("closed", Boolean(notice));
  if (!notice) {
    return;
  }
  showProblem("");
  setText($("message"), notice.message || "Please come back later.");
  $("message").lang = notice.language ?? "";
  $("until").hidden = !notice.until;
  if (notice.until) {
    const format = { weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit", timeZoneName: "short" };
    $("until").querySelector("time").replaceWith(time(notice.until, format));
  }
  const far = next - Date.now() > 12 * 60 * 60 * 1000;
  $("next").querySelector("time").replaceWith(time(next, far ? undefined : { timeStyle: "medium" }));
  if (was) {
    $("maintenance").scrollIntoView({ block: "nearest" });
  }
}

// setText leaves what has not changed alone: a screen reader would say it again.
function setText(where, text) {
  if (where.textContent !== text) {
    where.textContent = text;
  }
}

export function showTemplateChoice(templates) {
  $("template").replaceChildren(...templates.map((one) => element("option", { value: one.id }, one.name)));
}

export function showReports(reports, templates, { next, loadedAt }) {
  const names = new Map(templates.map((one) => [one.id, one.name]));
  const items = reports.map((one) => {
    const about = [names.get(one.template) ?? one.template, one.author];
    return element("li", { className: "card" },
      element("h2", {}, one.title),
      element("p", { className: "note" }, about.join(" · ") + " · ", time(new Date(one.writtenAt))),
      ...(one.text ? [element("p", { className: "text", dir: "auto" }, one.text)] : []));
  });
  $("report-list").replaceChildren(...(items.length ? items : [element("li", { className: "note" }, "No reports yet.")]));
  $("older").hidden = !next;
  $("age").hidden = false;
  $("age").replaceChildren("As of ", time(loadedAt, { timeStyle: "medium" }));
}

export function showTemplates(templates) {
  $("template-list").replaceChildren(...templates.map((one) =>
    element("li", { className: "card" },
      element("img", { id: `drawing-${one.id}`, alt: `Drawing: ${one.name}`, width: 320, height: 180 }),
      element("h2", {}, one.name),
      element("p", {}, one.summary),
      element("ol", {}, ...one.checks.map((check) => element("li", {}, check))))));
}

// showDrawing shows the SVG of a template. As an image it runs no scripts.
export function showDrawing(id, svg) {
  $(`drawing-${id}`).src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

export function showSaved(text) {
  $("saved").textContent = text;
}
