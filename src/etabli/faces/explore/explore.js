"use strict";

// SQL: Ctrl+Enter asks, and the names of columns become buttons that put themselves into the question.
{
  const form = document.querySelector("form.sql");
  if (form) {
    const text = form.querySelector("textarea");
    text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    for (const name of document.querySelectorAll("[data-insert]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = name.textContent;
      button.addEventListener("click", () => {
        text.setRangeText(name.dataset.insert, text.selectionStart, text.selectionEnd, "end");
        text.focus();
      });
      name.replaceWith(button);
    }
  }
}

// The banner is taken away when all of the file was looked at.
const banner = document.querySelector("[data-busy]");
if (banner) {
  const ask = async () => {
    const found = await fetch("/busy").then((answer) => answer.json()).catch(() => null);
    if (!found || found.busy) setTimeout(ask, 2000);
    else location.reload();
  };
  setTimeout(ask, 1500);
}
// Choices take effect when made; without a script each form has its button.
document.documentElement.classList.add("scripted");
for (const form of document.querySelectorAll("form[data-go]"))
  for (const field of form.querySelectorAll("select, input[list]")) field.addEventListener("change", () => form.requestSubmit());
