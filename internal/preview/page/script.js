"use strict";

// Shows the state, which the preview sends whenever it changes, and switches the
// mode without reloading the page.

const at = (id) => document.getElementById(id);

// element creates an element with a class, and with texts or elements in it.
function element(name, className, ...content) {
  const e = document.createElement(name);
  e.className = className;
  e.append(...content);
  return e;
}

function show(state) {
  if (document.body.dataset.mode !== state.mode) {
    document.body.dataset.mode = state.mode;
    at("mode").textContent = state.mode;
  }
  document.title = `${state.mode} – noren preview`;
  for (const button of at("switch").children) {
    button.setAttribute("aria-pressed", button.value === state.mode);
  }
  at("since").textContent = state.since;
  showOnce("flips", state.flips, (f) => [element("small", "", f.at), " ", element("b", f.mode, f.mode), f.for ? element("small", "", ` for ${f.for}`) : element("small", "", " until now")]);
  at("night").hidden = state.night.length === 0;
  showOnce("steps", state.night, (s) => [element("b", s.stage, s.name), " ", element("small", "", `${s.stage} ${s.took}`), " ", s.text]);
  at("listener").textContent = state.listener;
  showRules(state.rules);
  at("targets").textContent = state.targets.map((t) => `${t.group}: ${t.target} ${t.health}`).join(" · ");
  showRequests(state.requests);
  showOnce("notes", state.notes, (note) => [note]);
  at("bypass").hidden = state.bypasses.length === 0;
  showOnce("bypasses", bypasses(state), ([title, command]) => [title, commandLine(command)]);
  showOnce("examples", state.examples, (e) => [e.title, commandLine(e.command)]);
}

function bypasses(state) {
  const list = state.bypasses.map((b) => [`As the header ${b.header}:`, `${b.header}: ${b.value}`]);
  if (state.unlock) {
    const secret = state.bypasses[0]?.value.replace(/^.*=/, "") ?? "";
    const link = element("a", "", state.unlock);
    Object.assign(link, { href: state.unlock, target: "_blank", rel: "noopener" });
    list.push([element("span", "", "In a browser, type it at ", link, ":"), secret]);
  }
  return list;
}

// showOnce fills a list, unless its contents are already shown: so a selection is
// kept.
const shown = {};
function showOnce(id, list, content) {
  const key = JSON.stringify(list);
  if (shown[id] !== key) {
    shown[id] = key;
    at(id).replaceChildren(...list.map((entry) => element("li", "", ...content(entry))));
  }
}

function commandLine(command) {
  const copy = element("button", "", "Copy");
  copy.type = "button";
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(command);
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = "Copy"; }, 2000);
  });
  return element("div", "command", element("code", "", command), copy);
}

function showRules(rules) {
  const rows = at("rules");
  const key = JSON.stringify(rules.map((r) => [r.name, r.id, r.when, r.action]));
  if (shown.rules !== key) {
    shown.rules = key;
    rows.replaceChildren(...rules.map((r) => {
      const name = r.name === "default" ? ["default"] : [r.name, " ", element("small", "", r.id)];
      return element("tr", "", element("td", "", ...name), element("td", "", r.when.join(", ")),
        element("td", "", r.action, element("small", "targets", targets(r))), element("td", "count", String(r.count)));
    }));
    return;
  }
  rules.forEach((r, i) => {
    rows.children[i].querySelector(".targets").textContent = targets(r);
    const count = rows.children[i].querySelector(".count");
    if (count.textContent !== String(r.count)) {
      count.textContent = r.count;
      count.classList.remove("changed");
      void count.offsetWidth; // restart the animation
      count.classList.add("changed");
    }
  });
}

// targets returns where a rule sent requests since the last flip.
function targets(r) {
  return r.targets.map((t) => `${t.target} ${t.count}`).join(" · ");
}

// showRequests adds new requests and removes old ones: a request that was opened
// stays open.
function showRequests(requests) {
  const list = at("requests");
  at("none").hidden = requests.length > 0;
  const known = new Map([...list.children].map((li) => [li.dataset.id, li]));
  const wanted = requests.map((r) => known.get(r.id) ?? requestLine(r));
  for (const [id, li] of known) {
    if (!requests.some((r) => r.id === id)) {
      li.remove();
    }
  }
  wanted.forEach((li, i) => {
    if (list.children[i] !== li) {
      list.insertBefore(li, list.children[i] ?? null);
    }
  });
}

function requestLine(r) {
  const status = element("span", r.status >= 400 ? "status refused" : "status", String(r.status));
  const summary = element("summary", "", element("small", "", r.time), status,
    element("span", "url", `${r.method} ${r.url}`), element("span", "", r.action), element("small", "", `rule ${r.rule}`));
  const why = element("ul", "why", ...r.why.map((reason) => element("li", "", reason)),
    element("li", "", `mode ${r.mode}, answered in ${r.duration}`));
  const li = element("li", "", element("details", "", summary, why));
  li.dataset.id = r.id;
  return li;
}

at("switch").addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = new URLSearchParams({ mode: event.submitter.value });
  await fetch("/mode", { method: "POST", body }).catch(() => {}); // the events show the result
});

function listen() {
  const events = new EventSource("/events");
  events.onmessage = (message) => {
    at("lost").hidden = true;
    show(JSON.parse(message.data));
  };
  events.onerror = () => {
    at("lost").hidden = false;
    if (events.readyState === EventSource.CLOSED) {
      setTimeout(listen, 2000);
    }
  };
}

show(JSON.parse(document.body.dataset.state));
listen();
