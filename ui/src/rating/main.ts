//! The rating screen: an entry of its own, so that the hall loads no desk.
import "../styles/fonts.css";
import "../styles/tokens.css";
import "../styles/base.css";
import { ratingLink } from "$lib/backend/rating";
import { mount } from "svelte";
import Rating from "./Rating.svelte";

const target = document.getElementById("app");
if (!target) throw new Error("rating.html has no #app");
mount(Rating, { target, props: { link: ratingLink() } });
