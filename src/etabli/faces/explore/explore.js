// What a script adds to pages that work without one: the banner is taken away when all of the file was looked at.
"use strict";
const banner = document.querySelector("[data-busy]");
if (banner) {
  const ask = async () => {
    const found = await fetch("/busy").then((answer) => answer.json()).catch(() => null);
    if (!found || found.busy) setTimeout(ask, 2000);
    else location.reload();
  };
  setTimeout(ask, 1500);
}
