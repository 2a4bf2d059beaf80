import { render } from "preact";
import { App } from "./app.tsx";
import { applyThemeChoice, readThemeChoice } from "./charts/colours.ts";
import "uplot/dist/uPlot.min.css";
import "./style/theme.css";
import "./style/bar.css";
import "./style/page.css";
import "./style/controls.css";
import "./style/words.css";
import "./style/pictures.css";
import "./style/alerts.css";
import "./style/phone.css";

applyThemeChoice(readThemeChoice());
const root = document.getElementById("root");
if (root !== null) render(<App />, root);
