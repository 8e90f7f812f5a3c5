// What the desk asks of the server. Every answer is one of a few plain kinds; nothing here touches the page.

/** {kind: "saved" | "conflict" | "invalid" | "failed", message, errors} for the form of one job. */
export async function sendForm(address, body) {
  body.delete("csrfmiddlewaretoken"); // the cookie is the newer one when somebody signed in again in another tab
  const response = await post(address, body, "application/json");
  if (!response) return failed("Teachback did not answer. What you typed is still here; try again.");
  if (response.type === "opaqueredirect" || response.status === 401) {
    return failed("You are signed out. Sign in again in another tab, then try again; what you typed is still here.");
  }
  const answer = await response.json().catch(() => null);
  if (!answer) return failed(`The server answered with an error (${response.status}). What you typed is still here; try again.`);
  const kind = response.ok ? "saved" : response.status === 422 ? "invalid" : "conflict";
  return { ...answer, kind, errors: answer.errors ?? {} };
}

/** Take back the last decision: the answer of `sendForm`, with the number of its job and a fresh key for its form. */
export async function takeBack(address) {
  const answer = await sendForm(`${address}/undo`, new FormData());
  return answer.kind === "failed" ? { ...answer, message: "Nothing was undone: Teachback did not answer, or you are signed out. Try again." } : answer;
}

/** One job by its number, as an element; undefined when the server could not be asked. */
export async function fetchJob(address, number) {
  const response = await fetch(`${address}/${number}`, { headers: { Accept: "text/html" }, credentials: "same-origin" }).catch(() => null);
  return response?.ok ? readJob(await response.text()) : undefined;
}

/** The next job as an element, null when none waits, undefined when the server could not be asked. */
export async function fetchNextJob(address, held) {
  const body = new FormData();
  body.set("holding", held.join(","));
  const response = await post(`${address}/next`, body, "text/html");
  if (response?.status === 204) return null;
  if (!response?.ok) return undefined;
  return readJob(await response.text());
}

function readJob(html) {
  const job = new DOMParser().parseFromString(html, "text/html").querySelector("[data-job]");
  return job ? document.importNode(job, true) : undefined;
}

/** Renew the lease on a job; the refusal of the server as text, or "" when there is none. */
export async function keepJob(address, number) {
  const response = await post(`${address}/${number}/keep`, new FormData(), "application/json");
  if (response?.status !== 409) return "";
  return (await response.json().catch(() => ({}))).message ?? "";
}

async function post(address, body, accept) {
  const token = document.cookie.match(/(?:^|;\s*)csrftoken=([^;]+)/)?.[1] ?? "";
  const headers = { Accept: accept, "X-CSRFToken": token };
  return fetch(address, { method: "POST", body, headers, redirect: "manual", credentials: "same-origin" }).catch(() => null);
}

function failed(message) {
  return { kind: "failed", message: `Not saved. ${message}`, errors: {} };
}
