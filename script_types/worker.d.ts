// The service worker: what the server puts before it (web/app_files.py), and what is pushed.

declare const VERSION: string;
declare const SHELL: string[];
declare const OFFLINE: string;
declare const HASHED: boolean;

/** A push. An offer's `title` and `body` are for while it can be answered, `late` is for afterwards. */
type Push = {
  offerId?: string;
  url?: string;
  late?: { title: string; body: string };
} & (
  | { type?: undefined }
  | { type: "offer"; expiresAt: string; title: string; body: string }
  | { type: "word"; kind: string; tag: string; title: string; body: string }
);

/** The scope of a service worker: the library's types know that of any worker only. */
interface WorkerGlobalScope {
  readonly clients: Clients;
  readonly registration: ServiceWorkerRegistration;
  skipWaiting(): Promise<void>;
  addEventListener<Type extends keyof ServiceWorkerGlobalScopeEventMap>(
    type: Type,
    listener: (event: ServiceWorkerGlobalScopeEventMap[Type]) => void,
  ): void;
}

declare const clients: Clients;
declare const registration: ServiceWorkerRegistration;

/** Newer than the library's types. */
interface NotificationOptions {
  timestamp?: number;
}
