"use strict";
for (const button of document.querySelectorAll("button[data-copies]")) {
  const source = document.getElementById(button.dataset.copies);
  const said = button.parentElement.querySelector("[role=status]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      said.textContent = "Copied.";
    } catch { // a page on the LAN has no https, and so no clipboard: select the line, and copy as by hand
      getSelection().selectAllChildren(source);
      said.textContent = document.execCommand("copy") ? "Copied." : "Selected: press Ctrl+C.";
    }
  });
}
const age = document.querySelector("[data-since]");
if (age) { // the page stands still, and the image grows older
  const days = Math.floor((Date.now() - Date.parse(age.dataset.since)) / 86_400_000);
  age.textContent = days < 1 ? "less than a day" : `${days} day${days === 1 ? "" : "s"}`;
  document.getElementById("old").hidden = days <= Number(age.dataset.limit);
}
