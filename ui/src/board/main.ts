//! The board in the hall: an entry of its own, so that a television loads no desk.
import "../styles/fonts.css";
import "../styles/tokens.css";
import "../styles/base.css";
import { boardLink } from "$lib/backend/board";
import { mount } from "svelte";
import Board from "./Board.svelte";
import { restoreLook } from "./settings.svelte";

restoreLook();
const target = document.getElementById("app");
if (!target) throw new Error("board.html has no #app");
mount(Board, { target, props: { link: boardLink() } });
