//! The self-service terminal: an entry of its own, so that the hall loads no desk.
import "../styles/fonts.css";
import "../styles/tokens.css";
import "../styles/base.css";
import { kioskLink } from "$lib/backend/kiosk";
import { mount } from "svelte";
import Kiosk from "./Kiosk.svelte";
import { Terminal } from "./terminal.svelte";

const target = document.getElementById("app");
if (!target) throw new Error("kiosk.html has no #app");
mount(Kiosk, { target, props: { terminal: new Terminal(kioskLink()) } });
