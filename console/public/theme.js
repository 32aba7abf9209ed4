// Runs before the first paint, so that a dark screen never flashes white. Kept apart from the
// bundle because it must block; src/lib/theme.ts is its other half.
(function () {
  var choice = null;
  try {
    choice = localStorage.getItem("vedette.theme");
  } catch {
    // Storage may be forbidden; follow the system then.
  }
  var dark = choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
