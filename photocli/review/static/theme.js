// Sets the theme that was chosen before the first paint, so that nothing flashes. No module: those come too late.
(() => {
  const chosen = /(?:^|; )photocli_theme=(light|dark)/.exec(document.cookie);
  if (chosen) document.documentElement.dataset.theme = chosen[1];
})();
