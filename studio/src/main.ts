import { mount } from "svelte";
import App from "./App.svelte";
import "./styles.css";
import { watchTheme } from "./drawing/colors.svelte.ts";
import { HttpSource } from "./source/http-source.ts";
import { PageSource } from "./source/page-source.ts";
import { Place } from "./state/place.svelte.ts";
import { Studio } from "./state/studio.svelte.ts";

watchTheme();
// A static build names the list of its models in the page; without one, the page came from a studio's server.
const index = document.querySelector<HTMLMetaElement>('meta[name="heed-models"]')?.content;
const source = index === undefined ? new HttpSource() : new PageSource(new URL(index, document.baseURI));
const studio = new Studio(source, new Place());
mount(App, { target: document.querySelector("#app")!, props: { studio } });
