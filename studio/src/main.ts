import { mount } from "svelte";
import App from "./App.svelte";
import "./styles.css";
import { watchTheme } from "./drawing/colors.svelte.ts";
import { HttpSource } from "./source/http-source.ts";
import { Place } from "./state/place.svelte.ts";
import { Studio } from "./state/studio.svelte.ts";

watchTheme();
const studio = new Studio(new HttpSource(), new Place());
mount(App, { target: document.querySelector("#app")!, props: { studio } });
