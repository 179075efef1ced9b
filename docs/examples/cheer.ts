// A cheer from request to receipt, with types made of the schema: `node cheer.ts http://localhost:8000`.
// docs/api.md says how speedycheers.ts is made. Node.js runs TypeScript from version 22.18 on.
import { argv } from "node:process";

import createClient, { type Client } from "openapi-fetch";

import type { components, paths } from "./speedycheers.ts";

type Schemas = components["schemas"];
type Api = Client<paths, "application/json">;
type PartnerFrame = { type: "offer"; seq: number; offer: Schemas["Offer"] } | { type: "hello" | "ping" | "pong" };

const PLACE: Schemas["Location"] = { lat: 40.7484, lng: -73.9857 };
const DOOR: Schemas["Location"] = { lat: 40.7486, lng: -73.9853 };

/** The answer's body. Throws what the server said if the call was refused. */
function bodyOf<T>(answer: { data?: T; error?: Schemas["ErrorResponse"] }): T {
  if (answer.error !== undefined) {
    throw new Error(answer.error.errors.map(({ code, detail }) => `${code}: ${detail}`).join("; "));
  }
  return answer.data as T; // undefined after 204, whose type it then is
}

/** A client that calls with a token of this demo account. */
async function signIn(baseUrl: string, email: string): Promise<Api> {
  const api = createClient<paths, "application/json">({ baseUrl });
  const { token } = bodyOf(await api.POST("/login", { body: { email, password: "cheers-demo" } }));
  api.use({ onRequest: ({ request }) => request.headers.set("Authorization", `Bearer ${token}`) });
  return api;
}

/** The partner's socket, opened with a ticket: browsers can't send a header with it. */
async function listen(baseUrl: string, partner: Api): Promise<WebSocket> {
  const { ticket } = bodyOf(await partner.POST("/socketTicket"));
  return new WebSocket(`${baseUrl.replace("http", "ws")}/partner/notification?ticket=${ticket}`);
}

/** The first offer that arrives on a socket. */
function firstOffer(socket: WebSocket): Promise<Schemas["Offer"]> {
  return new Promise((resolve, reject) => {
    socket.addEventListener("message", ({ data }) => {
      const frame: PartnerFrame = JSON.parse(data);
      if (frame.type === "offer") resolve(frame.offer);
    });
    socket.addEventListener("close", ({ code }) => reject(new Error(`The socket was closed: ${code}`)));
  });
}

async function goOnline(partner: Api): Promise<void> {
  bodyOf(await partner.POST("/updateLocation", { body: { location: PLACE, accuracyM: 5 } }));
  bodyOf(await partner.POST("/partner/status", { body: { status: "available" } }));
}

/** Ask for the first kind of cheer there is. The key makes it safe to repeat a call whose answer was lost. */
async function ask(user: Api): Promise<Schemas["CheerRequest"]> {
  const [type] = bodyOf(await user.GET("/requestType"));
  if (type === undefined) throw new Error("There are no request types.");
  const header = { "Idempotency-Key": crypto.randomUUID() };
  const body: Schemas["CheerRequestInput"] = { location: DOOR, requestType: type.slug };
  return bodyOf(await user.POST("/cheerRequest", { params: { header }, body }));
}

/** Accept the offer, come, cheer and finish. */
async function serve(partner: Api, user: Api, { offerId }: Schemas["Offer"]): Promise<Schemas["Ride"]> {
  const { rideId } = bodyOf(await partner.POST("/rideAccept", { body: { offerId } }));
  bodyOf(await partner.POST("/updateLocation", { body: { location: DOOR } }));
  // The user tells the partner the PIN. In most regions an arrival does as well: see `/rideArrive`.
  const { pin } = bodyOf(await user.GET("/ride/{rideId}", { params: { path: { rideId } } }));
  bodyOf(await partner.POST("/rideStart", { body: { rideId, pin: pin ?? "" } }));
  return bodyOf(await partner.POST("/rideEnd", { body: { rideId } }));
}

async function main(server: string): Promise<void> {
  const [user, partner] = [await signIn(server, "user3@demo.test"), await signIn(server, "partner3@demo.test")];
  const socket = await listen(server, partner);
  const offered = firstOffer(socket);
  await goOnline(partner);
  const { requestId } = await ask(user);
  const offer = await offered;
  if (offer.requestId !== requestId) throw new Error("The offer is for another request.");
  const { rideId } = await serve(partner, user, offer);
  bodyOf(await partner.POST("/partner/status", { body: { status: "offline" } }));
  socket.close();

  const path = { rideId };
  bodyOf(await user.POST("/ride/{rideId}/rating", { params: { path }, body: { rating: 5 } }));
  const { total, lines } = bodyOf(await user.GET("/ride/{rideId}/receipt", { params: { path } }));
  const { name } = bodyOf(await user.GET("/me"));
  console.log(`${name} pays ${total.amount} ${total.currency} for ${lines.map(({ label }) => label).join(", ")}`);
}

await main(argv[2] ?? "http://localhost:8000");
