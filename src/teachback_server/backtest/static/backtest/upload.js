// Says before anything is sent that a file is too large, and that a sent one is on its way.

for (const form of document.querySelectorAll("form[data-upload]")) {
  const input = form.querySelector('input[type="file"]');
  const button = form.querySelector("button");

  input.addEventListener("change", () => {
    const file = input.files[0];
    const isTooLarge = file !== undefined && file.size > Number(input.dataset.mostBytes);
    input.setCustomValidity(isTooLarge ? input.dataset.tooLarge : "");
    if (isTooLarge) input.reportValidity();
  });

  form.addEventListener("submit", () => {
    button.textContent = "On its way …";
    button.setAttribute("aria-disabled", "true");
  });

  // The browser may bring the page back as it was left.
  window.addEventListener("pageshow", () => {
    button.textContent = "Upload and read it";
    button.removeAttribute("aria-disabled");
  });
}
