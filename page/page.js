"use strict";
for (const button of document.querySelectorAll("button[data-copies]")) {
  const source = document.getElementById(button.dataset.copies);
  const status = button.parentElement.querySelector("[role=status]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      status.textContent = "Copied.";
    } catch { // a page on the LAN has no https, and therefore no clipboard API: select the line and copy it
      getSelection().selectAllChildren(source);
      status.textContent = document.execCommand("copy") ? "Copied." : "Selected: press Ctrl+C.";
    }
  });
}
const age = document.querySelector("[data-since]");
if (age) { // the page is static, but the image grows older
  const days = Math.floor((Date.now() - Date.parse(age.dataset.since)) / 86_400_000);
  age.textContent = days < 1 ? "less than a day" : `${days} day${days === 1 ? "" : "s"}`;
  document.getElementById("old").hidden = days <= Number(age.dataset.limit);
}
