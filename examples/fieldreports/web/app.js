// Field Reports for managers: log in, read reports and templates, write a report.

import { call, Failure, MaintenanceError, Refusal, useAPI } from "./api.js";
import { dropDraft, keepDraft, lockDraft, readDraft, reopenDraft, saveDraft, showDraft } from "./draft.js";
import { attempt, attemptLater } from "./maintenance.js";
import { showDrawing, showProblem, showReports, showSaved, showTemplateChoice, showTemplates, showView } from "./views.js";

let user, templates, drawings;
let reports = [];
let page = {};

// act does what somebody has asked for, and says what has gone wrong. A session
// that has ended leads to the login, and what is typed stays.
async function act(name, action, doAttempt = attempt) {
  showProblem("");
  try {
    await doAttempt(name, async () => {
      try {
        await action();
      } catch (error) {
        if (!(error instanceof Refusal)) {
          throw error;
        }
        if (error.status === 401 && name !== "login") {
          askWho();
        } else {
          showProblem(error.message);
        }
      }
    });
  } catch (error) {
    if (!(error instanceof Failure)) {
      throw error;
    }
    showProblem(error.message);
    if (name === "session") { // there is nothing on the page to press
      setTimeout(() => act(name, action), 15000);
    }
  }
}

function askWho() {
  user = undefined;
  showView("login");
  document.getElementById("name").focus();
}

async function start() {
  await useAPI().catch(() => {}); // then the API is where the site is
  keepDraft();
  const draft = readDraft();
  if (draft.title || draft.text) { // at once, whatever the API says
    showTemplateChoice([{ id: draft.template, name: draft.template }]);
    showDraft();
    showView("reports");
  }
  await act("session", async () => {
    user = (await (await call("/api/session")).json()).user;
    await enter();
  });
}

// enter shows what somebody who has logged in sees, and goes on with a report
// that was not sent when the page was loaded.
async function enter() {
  templates = (await (await call("/api/templates")).json()).templates;
  showTemplateChoice(templates);
  showDraft();
  await loadReports();
  route();
  if (readDraft().writtenAt) {
    act("report", send, attemptLater);
  }
}

async function loadReports() {
  const answer = await (await call("/api/reports")).json();
  reports = answer.reports;
  page = { next: answer.next, loadedAt: new Date() };
  showReports(reports, templates, page);
}

async function loadOlder() {
  const answer = await (await call(page.next)).json();
  reports = [...reports, ...answer.reports];
  page.next = answer.next;
  showReports(reports, templates, page);
}

async function loadDrawings() {
  drawings = new Map();
  showTemplates(templates);
  for (const one of templates) {
    const svg = await (await call(one.drawing)).text();
    drawings.set(one.id, svg);
    showDrawing(one.id, svg);
  }
}

// send sends the draft. It may be done again with any outcome but the first
// having any effect: the id and the key stay the same.
async function send() {
  const { key, ...report } = readDraft();
  if (!report.id) {
    return; // it has arrived
  }
  showSaved("Sending…");
  try {
    const stored = await (await call("/api/reports", { method: "POST", body: report, key })).json();
    reports = [stored, ...reports.filter((one) => one.id !== stored.id)];
    showReports(reports, templates, page);
    dropDraft();
    showDraft();
    showSaved("Saved.");
  } catch (error) {
    if (error instanceof MaintenanceError) {
      showSaved("Kept. It will be sent by itself when we are back.");
    } else if (error instanceof Refusal && error.status !== 401) {
      reopenDraft();
      lockDraft(false);
      showSaved("");
    } else {
      showSaved("Kept, but not sent yet: save again.");
      lockDraft(false);
    }
    throw error;
  }
}

// route shows the view that the address names.
function route() {
  if (!user) {
    return;
  }
  const view = location.hash === "#templates" ? "templates" : "reports";
  showView(view, user);
  if (view === "templates" && !drawings) {
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
  const { name, password } = event.target.elements;
  const login = { name: name.value.trim(), password: password.value, cookie: true };
  act("login", async () => {
    user = (await (await call("/api/login", { method: "POST", body: login })).json()).user;
    event.target.reset();
    await enter();
  }).then(() => user || password.select()); // to be typed again
});

document.getElementById("report-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!readDraft().writtenAt) {
    saveDraft();
  }
  lockDraft(true);
  act("report", send);
});

document.getElementById("older").addEventListener("click", () => act("older", loadOlder));

document.getElementById("logout").addEventListener("click", () => act("logout", async () => {
  await call("/api/logout", { method: "POST" });
  dropDraft();
  location.reload();
}));

start();
