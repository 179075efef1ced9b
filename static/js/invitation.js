// Inviting friends: the code is made when it is asked for, then copied.

import { post } from "./api.js";
import { $, text, whilePressed } from "./dom.js";
import { gettext } from "./i18n.js";
import { Problem } from "./problem.js";

const [field, make, copy] = [$("#own-code"), $("#own-code-make"), $("#own-code-copy")];

make?.addEventListener("click", () =>
  whilePressed(
    make,
    async () => {
      await post("/referral");
      location.reload();
    },
    $("#own-code-problem"),
  ),
);
copy?.addEventListener("click", () =>
  whilePressed(
    copy,
    async () => {
      field?.select();
      try {
        await navigator.clipboard.writeText(field?.value ?? "");
      } catch (error) {
        throw new Problem(gettext("That did not work here. Copy the code from the field."), { cause: error });
      }
      text(copy, gettext("Copied"));
    },
    $("#own-code-problem"),
  ),
);
if (make) make.disabled = false;
if (copy) copy.disabled = false;
