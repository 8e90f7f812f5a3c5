// What every page does in the browser: switch light and dark without a reload, and say it when a request fails.

const live = () => document.getElementById("messages");

/** Put a sentence into the live region, where a screen reader reads it out. Tone: "", "good", "warn" or "bad". */
export function announce(text, tone = "") {
  const note = document.createElement("div");
  note.className = `note ${tone}`.trim();
  note.textContent = text;
  live().replaceChildren(note);
}

/** On a narrow screen the tabs of a workflow are scrolled sideways: bring the one of this page into sight. */
function showCurrentTab() {
  const tab = document.querySelector(".tabs [aria-current]");
  const list = tab?.closest("ul");
  if (!list) return;
  const [inner, outer] = [tab.getBoundingClientRect(), list.getBoundingClientRect()];
  list.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
}
showCurrentTab();

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!event.target.matches("[data-appearance]") || !button) return;
  event.preventDefault();
  document.documentElement.dataset.theme = button.value;
  document.cookie = `teachback_theme=${button.value}; path=/; max-age=31536000; samesite=lax`;
});

document.addEventListener("htmx:sendError", () => {
  announce("Teachback could not be reached. Nothing was saved. Check that it is still running, then try again.", "bad");
});

document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (status === 401) return;
  const because = { 403: "You may not do this here.", 404: "This is no longer there.", 409: "Somebody else was faster." };
  announce(`${because[status] ?? "Something went wrong."} Nothing was saved. Load the page again to see how things stand.`, "bad");
});
