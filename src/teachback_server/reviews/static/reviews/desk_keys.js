// The desk's keyboard: single keys, off while somebody types, while a dialog is open, or for good (WCAG 2.1.4).

import { showSource } from "./sources.js";

const SWITCH = "desk keys";
const VERDICTS = { a: "accepted", r: "rejected", x: "escalated" };

/** Listen to the keyboard on behalf of a desk. */
export function listenToKeys(desk) {
  const legend = document.getElementById("desk-legend");
  const toggle = document.getElementById("desk-keys-on");
  toggle.checked = recall() !== "off";
  const apply = () => desk.root.classList.toggle("no-keys", !toggle.checked);
  apply();
  toggle.addEventListener("change", () => {
    remember(toggle.checked ? "on" : "off");
    apply();
  });
  for (const button of desk.root.querySelectorAll("[data-act=legend]")) {
    button.hidden = false;
    button.addEventListener("click", () => legend.showModal());
  }
  legend.querySelector("[data-act=close-legend]").addEventListener("click", () => legend.close());
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (pressTogether(event, desk) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") desk.leave();
    else if (!toggle.checked || isTyping(event.target)) return;
    else if (event.key === "?") legend.showModal();
    else if (!pressSingle(event, desk)) return;
    event.preventDefault();
  });
}

function pressTogether(event, desk) {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return false;
  event.preventDefault();
  if (!event.repeat) desk.saveEdit();
  return true;
}

function pressSingle(event, desk) {
  const key = digitOf(event) || event.key.toLowerCase();
  if (!/^[aerxshguo1-9]$/.test(key)) return false;
  if (event.repeat) return true;
  if (key in VERDICTS) desk.decide(VERDICTS[key]);
  else if (key === "e") desk.edit();
  else if (key === "s") desk.skip();
  else if (key === "u") desk.undo();
  else if (key === "h") desk.toggleRecurrence();
  else if (key === "g") desk.markStuck();
  else if (key === "o") showSource(desk);
  else desk.chooseReason(key);
  return true;
}

/** The digit on a key, also where a keyboard types it with Shift only (as the French one does). */
function digitOf(event) {
  if (/^[1-9]$/.test(event.key)) return event.key;
  return event.shiftKey ? "" : event.code.match(/^Digit([1-9])$/)?.[1] ?? "";
}

function isTyping(target) {
  return Boolean(target.closest?.("input:not([type=radio], [type=checkbox]), select, textarea, [contenteditable]"));
}

function recall() {
  try {
    return localStorage.getItem(SWITCH);
  } catch {
    return null;
  }
}

function remember(value) {
  try {
    localStorage.setItem(SWITCH, value);
  } catch { /* then the switch holds for this page only */ }
}
