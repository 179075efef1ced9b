// The page of somebody who is no partner yet, or none any more: it turns into the console once staff have approved.

import { get } from "./api.js";
import { stayLive } from "./live.js";

/** @param {Api.Partner["application"]} shown How the application stood when the page was made. */
export function awaitApproval(shown) {
  /** @param {Api.Partner["application"] | undefined} application */
  const look = (application) => application !== shown && location.reload();

  /** @param {Frames.Partner} frame */
  function onFrame(frame) {
    if (frame.type === "hello") look(frame.partner.application);
    else if (frame.type === "partner.updated" && !frame.replayed) look(frame.application);
  }

  stayLive("/partner/notification", { onFrame, poll: async () => look((await get("/me")).partner?.application) });
}
