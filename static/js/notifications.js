// The account's page of notifications: whether this device is told.

import { OF_CHEERS, offerPushes } from "./push.js";

offerPushes(OF_CHEERS).catch((error) => console.info("No pushes here.", error.message));
