// The outbox holds reports that their authors have saved and that must be sent,
// {number, id, key, author, template, title, text, writtenAt}. They outlive the
// tab, the browser and the session, and are removed once the API has them. tried
// says that a report may have arrived; refused, why it never will.

const opened = new Promise((resolve) => {
  try {
    const request = indexedDB.open("fieldreports", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("reports", { keyPath: "number", autoIncrement: true });
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    request.onerror = () => resolve(null);
  } catch {
    resolve(null); // not allowed here
  }
});

const volatile = new Map(); // what this browser could not store, by id
const others = "BroadcastChannel" in globalThis ? new BroadcastChannel("fieldreports.outbox") : null;

// transact runs an action on the store, and resolves when the result is on disk.
async function transact(mode, action) {
  const db = await opened;
  if (!db) {
    throw new Error("this browser stores nothing");
  }
  return new Promise((resolve, reject) => {
    const transaction = db.transaction("reports", mode, { durability: "strict" });
    const request = action(transaction.objectStore("reports"));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

// waiting returns the reports of an author, the oldest first.
export async function waiting(author) {
  const all = await transact("readonly", (store) => store.getAll()).catch(() => []);
  return [...all, ...volatile.values()].filter((one) => one.author === author);
}

// add stores a report. It resolves with whether the report is safe: if the
// browser stores nothing, the report is kept as long as the page is open.
export async function add(report) {
  navigator.storage?.persist?.().catch(() => {});
  try {
    await transact("readwrite", (store) => store.add(report));
    others?.postMessage("");
    return true;
  } catch {
    volatile.set(report.id, { ...report, volatile: true });
    return false;
  }
}

// change stores a changed report.
export async function change(report) {
  if (report.volatile) {
    volatile.set(report.id, report);
    return;
  }
  await transact("readwrite", (store) => store.put(report));
  others?.postMessage("");
}

export async function remove(report) {
  if (!volatile.delete(report.id)) {
    await transact("readwrite", (store) => store.delete(report.number));
    others?.postMessage("");
  }
}

// alone runs an action while no other tab runs one.
export function alone(action) {
  return navigator.locks ? navigator.locks.request("fieldreports.outbox", action) : action();
}

// onChange calls changed when another tab has changed the outbox.
export function onChange(changed) {
  others?.addEventListener("message", changed);
}
