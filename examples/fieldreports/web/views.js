// The contents of the screen. Texts from elsewhere are only ever set as text.

import { choose, direction, language, screenWords, text } from "./words.js";

const $ = (id) => document.getElementById(id);

// element creates an element: element("p", { className: "note" }, "text", ...).
function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function time(when, format = { dateStyle: "medium", timeStyle: "short" }, tag = language) {
  return element("time", { dateTime: when.toISOString() }, new Intl.DateTimeFormat(tag, format).format(when));
}

function button(label, action) {
  const made = element("button", { type: "button", className: "quiet" }, label);
  made.addEventListener("click", action);
  return made;
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
  showPromise();
}

export function showProblem(text) {
  setText($("problem"), text);
  $("problem").hidden = !text;
}

const moment = { weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit", timeZoneName: "short" };

// showPlanned shows planned maintenance, {id, from, until, messages}, with times
// in the reader's time zone, until the reader dismisses it.
export function showPlanned(planned, dismiss) {
  $("planned").hidden = !planned;
  if (!planned) {
    return;
  }
  const tag = choose(planned.messages);
  setText($("planned-message"), tag ? String(planned.messages[tag]) : "");
  $("planned-message").lang = tag && tag !== "und" ? tag : "";
  $("planned-message").dir = tag && tag !== "und" ? direction(tag) : "auto";
  const times = [time(planned.from, moment), ...(planned.until ? [" – ", time(planned.until, moment)] : [])];
  if ($("planned-times").textContent !== times.map((one) => one.textContent ?? one).join("")) {
    $("planned-times").replaceChildren(...times);
  }
  $("dismiss").onclick = () => {
    dismiss(planned.id);
    $("planned").hidden = true;
  };
}

// showMaintenance shows the notice in the language and direction of its message,
// with times in the reader's time zone; without a notice it hides the screen. The
// notice is {message, language, mode, since, until, announced, next}.
export function showMaintenance(notice) {
  const appears = $("maintenance").hidden;
  $("maintenance").hidden = !notice;
  document.body.classList.toggle("closed", Boolean(notice));
  if (!notice) {
    return;
  }
  showProblem("");
  const tag = notice.language || language;
  const words = screenWords(tag);
  $("maintenance").lang = words.language;
  $("maintenance").dir = direction(words.language);
  setText($("maintenance-title"), words[notice.mode] ?? words.closed);
  setText($("message"), notice.message || text("comeBack"));
  $("message").lang = notice.message ? tag : language;
  $("message").dir = direction($("message").lang);
  showTime($("since"), words.since, notice.since, moment, words.language);
  showTime($("until"), words.until, notice.until ?? notice.announced, moment, words.language);
  const far = notice.next - Date.now() > 12 * 60 * 60 * 1000;
  showTime($("next"), words.next, notice.next, far ? moment : { timeStyle: "medium" }, words.language);
  setText($("try"), words.tryNow);
  showPromise();
  if (appears && !document.activeElement?.closest("form")) { // a user who is typing sees what they type
    $("maintenance").scrollIntoView({ block: "nearest" });
  }
}

function showTime(where, label, when, format, tag) {
  where.hidden = !when;
  if (when) {
    setText(where.querySelector("dt"), label);
    const shown = time(when, format, tag);
    if (where.querySelector("time").textContent !== shown.textContent) {
      where.querySelector("time").replaceWith(shown);
    }
  }
}

// showPromise tells a user who has typed something that it is kept.
export function showPromise() {
  const something = !$("reports").hidden && ($("title").value || $("text").value || $("outbox-list").children.length > 0);
  $("promise").hidden = !something;
}

// setText does not touch a text that has not changed: a screen reader would read
// it again.
function setText(where, text) {
  if (where.textContent !== text) {
    where.textContent = text;
  }
}

export function showTemplateChoice(templates) {
  const chosen = $("template").value;
  $("template").replaceChildren(...templates.map((one) => element("option", { value: one.id }, one.name)));
  if (templates.some((one) => one.id === chosen)) {
    $("template").value = chosen;
  }
}

export function showReports(reports, templates, { next, loadedAt }) {
  const names = new Map(templates.map((one) => [one.id, one.name]));
  const items = reports.map((one) => {
    const about = [names.get(one.template) ?? one.template, one.author];
    return element("li", { className: "card" },
      element("h2", { dir: "auto" }, one.title),
      element("p", { className: "note" }, about.join(" · ") + " · ", time(new Date(one.writtenAt))),
      ...(one.text ? [element("p", { className: "text", dir: "auto" }, one.text)] : []));
  });
  $("report-list").replaceChildren(...(items.length || !loadedAt ? items : [element("li", { className: "note" }, text("noReports"))]));
  $("older").hidden = !next;
  $("age").hidden = !loadedAt;
  if (loadedAt) {
    $("age").replaceChildren(text("asOf") + " ", time(loadedAt, { timeStyle: "medium" }));
  }
}

// showOutbox shows the reports that wait to be sent, the newest first. They can
// be read and copied, and corrected as long as they cannot have arrived.
export function showOutbox(reports, { edit, discard, newest } = {}) {
  $("outbox").hidden = reports.length === 0;
  $("outbox-list").replaceChildren(...reports.toReversed().map((one) => element("li", { className: "card waiting", id: `waiting-${one.id}` },
    element("h3", { dir: "auto" }, one.title),
    ...(one.text ? [element("p", { className: "text", dir: "auto" }, one.text)] : []),
    element("p", { className: "note" }, one.refused ? `${text("refused")} ${one.refused}` : text(one.volatile ? "keptWithPage" : "waits")),
    element("p", { className: "actions" },
      ...(one.refused || !one.tried ? [button(text("edit"), () => edit(one))] : []),
      ...(one.refused ? [button(text("discard"), () => discard(one))] : [])))));
  if (newest && $(`waiting-${newest}`)) {
    $(`waiting-${newest}`).scrollIntoView({ block: "center" });
  }
  showPromise();
}

export function showTemplates(templates) {
  $("template-list").replaceChildren(...templates.map((one) =>
    element("li", { className: "card" },
      element("img", { id: `drawing-${one.id}`, alt: text("drawing", { name: one.name }), width: 320, height: 180 }),
      element("h2", {}, one.name),
      element("p", {}, one.summary),
      element("ol", {}, ...one.checks.map((check) => element("li", {}, check))))));
}

// showDrawing shows the SVG of a template as an image, in which no scripts run.
export function showDrawing(id, svg) {
  $(`drawing-${id}`).src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

export function showSaved(text) {
  $("saved").textContent = text;
}

document.addEventListener("input", showPromise);
