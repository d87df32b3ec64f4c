// Field Reports for managers: log in, read reports and templates, write a report.

import { call, Failure, json, MaintenanceError, now, Refusal, useAPI } from "./api.js";
import * as browser from "./browser.js";
import { attempt, attemptLater, forget, look, refused } from "./maintenance.js";
import * as outbox from "./outbox.js";
import { showDrawing, showOutbox, showProblem, showReports, showSaved, showTemplateChoice, showTemplates, showView } from "./views.js";
import { text, translate } from "./words.js";

const form = document.getElementById("report-form");
const fields = ["template", "title", "text"];
const forGood = [400, 409, 413, 422]; // statuses with which the API refuses a report, and would again

let user; // the user whose screen this is, as far as is known
let visits = 0; // incremented for each user: what was begun for one is not shown to the next
let confirmed = false; // by the API, since the page was loaded
let templates = [];
let drawings;
let reports = [];
let page = {};

// act does what should be shown now, and shows what has gone wrong. If the
// session has ended it shows the login, and keeps what was typed for its author.
function act(name, action, how = attempt) {
  showProblem("");
  return how(name, async () => {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof Refusal)) {
        throw error;
      }
      if (error.status === 401) {
        leave();
      } else {
        showProblem(error.message);
      }
    }
  });
}

async function start() {
  translate();
  await useAPI().catch(() => {}); // then the API is on the site's origin
  look();
  browser.onChange(() => location.reload());
  outbox.onChange(() => showWaiting());
  if (browser.loggedOut()) { // before anything is shown, and before anything else is asked
    leave();
    await attempt("logout", endSession);
    return;
  }
  if (browser.user()) { // at once, whatever the API says
    await show(browser.user());
  }
  await act("session", loadSession);
}

async function loadSession() {
  const visit = visits;
  const who = (await json("/api/session")).user;
  if (visit === visits && !browser.loggedOut()) {
    await enter(who);
  }
}

// show shows what is known about a user without the API.
async function show(who) {
  if (user?.name !== who.name) {
    visits++;
    [reports, page, drawings] = [[], {}, undefined];
    showReports(reports, templates, page);
  }
  user = who;
  templates = browser.templates();
  showTemplateChoice(templates);
  showDraft();
  if (templates.length > 0) { // without templates nothing can be written
    route();
  }
  await showWaiting();
}

// enter shows what a logged-in user sees, and continues with what they had saved.
async function enter(who) {
  browser.rememberUser(who);
  confirmed = true;
  const shown = show(who);
  const visit = visits;
  await shown;
  const read = (await json("/api/templates")).templates;
  browser.rememberTemplates(read);
  if (visit !== visits) {
    return;
  }
  templates = read;
  showTemplateChoice(templates);
  showDraft();
  await loadReports();
  if (visit !== visits) {
    return;
  }
  route();
  if ((await outbox.waiting(who.name)).length > 0) {
    act("outbox", sendWaiting, attemptLater);
  }
}

// leave shows the login. What its author has saved or typed is kept for them.
function leave() {
  const name = user?.name ?? browser.loggedOut();
  visits++;
  user = undefined;
  confirmed = false;
  browser.rememberUser(null);
  forget("outbox", "reports", "drawings", "older", "session");
  [reports, page, drawings] = [[], {}, undefined];
  showReports(reports, templates, page);
  showOutbox([]);
  showSaved("");
  form.reset();
  showView("login");
  document.getElementById("name").focus();
  return showLoginNote(name);
}

async function showLoginNote(name) {
  const waiting = name ? (await outbox.waiting(name)).length : 0;
  document.getElementById("login-note").textContent = waiting > 0 ? text("waitsForLogin", { count: waiting }) : "";
}

async function loadReports() {
  const visit = visits;
  const answer = await json("/api/reports");
  if (visit !== visits) {
    return;
  }
  reports = answer.reports;
  page = { next: answer.next, loadedAt: new Date() };
  showReports(reports, templates, page);
}

async function loadOlder() {
  const visit = visits;
  const answer = await json(page.next);
  if (visit !== visits) {
    return;
  }
  reports = [...reports, ...answer.reports];
  page.next = answer.next;
  showReports(reports, templates, page);
}

async function loadDrawings() {
  const visit = visits;
  drawings = new Map();
  showTemplates(templates);
  for (const one of templates) {
    const answer = await call(one.drawing);
    if (!answer.headers.get("Content-Type")?.startsWith("image/svg+xml")) {
      throw new Failure("unreachable"); // a proxy has answered
    }
    const svg = await answer.text();
    if (visit !== visits) {
      return;
    }
    drawings.set(one.id, svg);
    showDrawing(one.id, svg);
  }
}

// The draft is what its author is typing. It is stored at every keystroke.
function typed() {
  return Object.fromEntries(fields.map((name) => [name, form.elements[name].value]));
}

function showDraft() {
  const draft = browser.draft(user.name);
  for (const name of fields) {
    form.elements[name].value = draft[name] ?? (name === "template" ? form.elements[name].options[0]?.value ?? "" : "");
  }
}

form.addEventListener("input", () => browser.rememberDraft(user.name, typed()));

// save turns the draft into a report that waits to be sent. It creates the
// report's id and idempotency key here, once, however often the report is sent.
async function save() {
  const report = {
    id: crypto.randomUUID(), key: crypto.randomUUID(), author: user.name, writtenAt: now().toISOString(), ...typed(),
  };
  const safe = await outbox.add(report);
  for (const name of ["title", "text"]) {
    form.elements[name].value = "";
  }
  browser.rememberDraft(user.name, null);
  showSaved(text("sending"));
  await showWaiting(report.id);
  const outcome = await act("outbox", sendWaiting);
  if (outcome !== "done" && (await outbox.waiting(report.author)).some((one) => one.id === report.id && !one.refused)) {
    showSaved(text(safe ? "kept" : "keptWithPage"));
  }
  await showWaiting(report.id);
}

async function showWaiting(newest) {
  const visit = visits;
  const waiting = user ? await outbox.waiting(user.name) : [];
  if (visit === visits) {
    showOutbox(waiting, { edit, discard, newest });
  }
}

// sendWaiting sends the author's saved reports, the oldest first, and never as
// another user. A report that fails does not stop the others.
function sendWaiting() {
  const [author, visit] = [user, visits];
  return outbox.alone(async () => {
    let failure;
    for (const report of await outbox.waiting(author.name)) {
      if (visit !== visits) {
        return; // the rest waits for its author
      }
      if (report.refused) {
        continue;
      }
      try {
        await send(report);
      } catch (error) {
        if (error instanceof MaintenanceError || error instanceof Refusal && error.status === 401) {
          throw error;
        }
        failure = error instanceof Refusal ? new Failure("failed") : error;
      }
    }
    if (failure) {
      throw failure;
    }
  });
}

// send sends a report. It may be sent several times, whatever the outcome, and
// takes effect once: the id and the key stay the same.
async function send(report) {
  const { number, key, tried, refused: _, volatile, ...body } = report;
  const visit = visits;
  await outbox.change({ ...report, tried: true }).catch(() => {}); // a full disk must not stop it from being sent
  try {
    const stored = await json("/api/reports", { method: "POST", body, key });
    if (stored.id !== report.id) {
      throw new Failure("unreachable"); // a proxy has answered
    }
    await outbox.remove(report).catch(() => {}); // otherwise it is sent again, and recognised
    if (visit !== visits) {
      return;
    }
    reports = [stored, ...reports.filter((one) => one.id !== stored.id)];
    showReports(reports, templates, page);
    showSaved(text("saved"));
  } catch (error) {
    if (error instanceof MaintenanceError) {
      await outbox.change(report); // it has not arrived
    } else if (error instanceof Refusal && error.code === "other-author") {
      await outbox.change(report); // another user has logged in, in another tab
      await loadSession();
      return;
    } else if (error instanceof Refusal && forGood.includes(error.status)) {
      await outbox.change({ ...report, refused: error.message });
      showSaved("");
      return;
    }
    throw error;
  } finally {
    await showWaiting();
  }
}

// edit moves a report that has not been sent back into the form, in exchange for
// what is there.
async function edit(report) {
  const draft = typed();
  await outbox.remove(report);
  for (const name of fields) {
    form.elements[name].value = report[name];
  }
  browser.rememberDraft(user.name, typed());
  if (draft.title) {
    await outbox.add({ ...draft, id: crypto.randomUUID(), key: crypto.randomUUID(), author: user.name, writtenAt: now().toISOString() });
  }
  await showWaiting();
  form.elements.title.focus();
}

async function discard(report) {
  if (confirm(text("discardQuestion", { title: report.title }))) {
    await outbox.remove(report);
    await showWaiting();
  }
}

// endSession ends the session on the server. Until then this browser counts as
// logged out.
async function endSession() {
  try {
    if ((await call("/api/logout", { method: "POST" })).status !== 204) {
      throw new Failure("unreachable"); // a proxy has answered
    }
  } catch (error) {
    if (!(error instanceof Refusal)) {
      throw error;
    }
    if (error.status !== 401) { // the session may still exist
      throw new Failure("failed");
    }
  }
  browser.rememberLogout(null);
}

// logIn logs in, once: a password is never sent later than when its owner pressed
// the button. A session that is still to be ended is ended first.
async function logIn(elements) {
  showProblem("");
  const login = { name: elements.name.value.trim(), password: elements.password.value, cookie: true };
  try {
    if (browser.loggedOut()) {
      await endSession().catch((error) => {
        if (!(error instanceof MaintenanceError)) { // the login then ends it
          throw error;
        }
      });
    }
    const who = (await json("/api/login", { method: "POST", body: login }).catch((error) => {
      if (!(error instanceof MaintenanceError)) {
        throw error;
      }
      return json("/api/session", { login }); // read-only maintenance lets a read through
    })).user;
    browser.rememberLogout(null);
    forget("logout");
    elements.password.value = "";
    document.getElementById("login-note").textContent = "";
    confirmed = true;
    await act("session", () => enter(who));
  } catch (error) {
    if (error instanceof MaintenanceError) {
      refused(error, browser.loggedOut() ? { name: "logout", action: endSession } : { name: "session", action: lookForSession });
      document.getElementById("login-note").textContent = text("notLoggedIn");
    } else if (error instanceof Failure) {
      showProblem(text(error.status === 429 ? "tooMany" : error.message));
    } else if (error instanceof Refusal) {
      showProblem(error.code === "wrong-password" ? text("wrongPassword") : error.message);
    } else {
      throw error;
    }
    elements.password.select(); // to be typed again
  }
}

// lookForSession finds out whether the API answers, and adopts a session that
// another tab has begun. It logs nobody out.
async function lookForSession() {
  try {
    await loadSession();
  } catch (error) {
    if (!(error instanceof Refusal)) {
      throw error;
    }
  }
}

// route shows the view that the address names.
function route() {
  if (!user) {
    return;
  }
  const view = location.hash === "#templates" ? "templates" : "reports";
  showView(view, user);
  if (view === "templates" && !drawings && confirmed) {
    act("drawings", loadDrawings);
  }
}

addEventListener("hashchange", () => {
  route();
  document.querySelector("main > section:not([hidden]) h1")?.focus();
  if (user && location.hash !== "#templates") {
    act("reports", loadReports);
  }
});

document.getElementById("login-form").addEventListener("submit", (event) => {
  event.preventDefault();
  logIn(event.target.elements);
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});

document.getElementById("older").addEventListener("click", () => act("older", loadOlder));

document.getElementById("logout").addEventListener("click", async () => {
  browser.rememberLogout(user.name); // first, so that nothing is shown to anyone whatever happens next
  await leave();
  await attempt("logout", endSession);
});

start();
