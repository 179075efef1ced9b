// The switch between the device's theme, light and dark. A cookie keeps it, so that the server's page has it at once.

const YEAR_S = 31_536_000;

for (const choice of document.querySelectorAll('input[name="theme"]'))
  choice.addEventListener("change", () => {
    document.documentElement.dataset.theme = choice.value;
    document.cookie = `theme=${choice.value}; path=/; max-age=${choice.value ? YEAR_S : 0}; samesite=lax`;
  });
