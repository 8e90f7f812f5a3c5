// Where a value comes from: the marks of the field that has the focus stand out, and O brings them into view.

/** Show the source of whatever field of the desk gets the focus. */
export function followSources(desk) {
  desk.root.addEventListener("focusin", (event) => {
    const field = fieldOf(event.target);
    if (field) emphasise(desk.job, field);
  });
  desk.root.addEventListener("click", (event) => {
    const asked = event.target.closest?.("[data-show-source]");
    if (asked) bringIntoView(desk, asked.dataset.showSource);
  });
}

/** Bring into view the source of the field with the focus, or of the first that has one. */
export function showSource(desk) {
  const fields = [...desk.job.querySelectorAll("[data-show-source]")].map((one) => one.dataset.showSource);
  const field = fieldOf(document.activeElement);
  const wanted = fields.includes(field) ? field : fields[0];
  if (!wanted) return void desk.say("The agent did not say where its values come from.");
  bringIntoView(desk, wanted);
}

function bringIntoView(desk, field) {
  const [first] = emphasise(desk.job, field);
  if (first) first.scrollIntoView({ block: "center" });
  else desk.say("Its place is not marked; see what is said beside the field.");
}

function emphasise(job, field) {
  const marks = [...job.querySelectorAll("[data-source-of]")];
  for (const mark of marks) mark.classList.toggle("is-meant", mark.dataset.sourceOf === field);
  return marks.filter((mark) => mark.dataset.sourceOf === field);
}

function fieldOf(element) {
  return element?.closest?.("[data-control]")?.dataset.path ?? "";
}
