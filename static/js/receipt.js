import { $ } from "./dom.js";

$("#print").addEventListener("click", () => print());
