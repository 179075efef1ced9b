// The partner's page: the console, or while there is none, the wait for the approval.

import { $, pageData } from "./dom.js";
import { awaitApproval } from "./partner-approval.js";
import { runConsole } from "./partner-console.js";
import { setServerNow } from "./server-clock.js";

/** @type {Pages.Partner} */
const data = pageData();
setServerNow(data.now);

if ($("#waiting")) awaitApproval(data.partner.application);
else runConsole(data);
