// A link for friends: made when asked for, copied or handed to the device's own share sheet.

import { post } from "./api.js";
import { $, text, whilePressed } from "./dom.js";
import { timeOfDay } from "./format.js";
import { gettext } from "./i18n.js";
import { Problem } from "./problem.js";

/** @param {Api.Id} requestId */
export function offerSharing(requestId) {
  const [dialog, field] = [$("#share-dialog"), $("#share-link")];
  const canShare = () => Boolean(navigator.share);

  $("#share").addEventListener("click", () =>
    whilePressed($("#share"), async () => {
      if (!field.value) {
        const made = await post(`/cheerRequest/${requestId}/share`);
        field.value = made.url;
        text($("#share-until"), timeOfDay(made.expiresAt));
      }
      text($("#share-copy"), canShare() ? gettext("Share the link") : gettext("Copy the link"));
      dialog.showModal();
    }),
  );
  $("#share-copy").addEventListener("click", () =>
    whilePressed(
      $("#share-copy"),
      async () => {
        field.select();
        try {
          if (canShare()) await navigator.share({ url: field.value });
          else await navigator.clipboard.writeText(field.value);
        } catch (error) {
          if (error instanceof DOMException && error.name === "AbortError") return; // the user has changed their mind
          throw new Problem(gettext("That did not work here. Copy the link from the field."), { cause: error });
        }
        if (!canShare()) text($("#share-copy"), gettext("Copied"));
      },
      $("#share-problem"),
    ),
  );
  $("#share-stop").addEventListener("click", () =>
    whilePressed(
      $("#share-stop"),
      async () => {
        await post(`/cheerRequest/${requestId}/unshare`);
        field.value = "";
        dialog.close();
      },
      $("#share-problem"),
    ),
  );
  $("#share-close").addEventListener("click", () => dialog.close());
}
