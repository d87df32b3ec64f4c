// The report being written. It is kept in sessionStorage with every key typed,
// so that a reload loses nothing, and leaves it only once the API has it.

const stored = "fieldreports.draft";
const form = document.getElementById("report-form");
const fields = ["template", "title", "text"];

// readDraft is the draft, {id, key, template, title, text, writtenAt}; with
// writtenAt it is saved by its author, and waits to be sent.
export function readDraft() {
  try {
    return JSON.parse(sessionStorage.getItem(stored)) ?? {};
  } catch {
    return {};
  }
}

function write(draft) {
  sessionStorage.setItem(stored, JSON.stringify(draft));
}

// keepDraft keeps what is typed from now on.
export function keepDraft() {
  form.addEventListener("input", () => write({ ...readDraft(), ...typed() }));
}

function typed() {
  return Object.fromEntries(fields.map((name) => [name, form.elements[name].value]));
}

// saveDraft makes the draft a report: the id and the idempotency key are made
// here, once, however often it is sent.
export function saveDraft() {
  const draft = {
    id: crypto.randomUUID(),
    key: crypto.randomUUID(),
    ...typed(),
    writtenAt: new Date().toISOString(),
  };
  write(draft);
  return draft;
}

// reopenDraft lets its author change a report that the API refused.
export function reopenDraft() {
  write(typed());
}

export function dropDraft() {
  sessionStorage.removeItem(stored);
}

// showDraft puts the draft into the form, which is locked while it waits.
export function showDraft() {
  const draft = readDraft();
  for (const name of fields) {
    form.elements[name].value = draft[name] ?? (name === "template" ? form.elements[name].options[0]?.value ?? "" : "");
  }
  lockDraft(Boolean(draft.writtenAt));
}

export function lockDraft(locked) {
  document.getElementById("report-fields").disabled = locked;
}
