// Draws the interactive displays of a lesson with the site's own copy of plotly, in the colours of the page. Where
// WebGL is missing, the static picture stays.

function colours() {
  const page = getComputedStyle(document.body);
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    "font.color": page.color,
    "title.font.color": page.color,
    "legend.font.color": page.color,
    "scene.xaxis.color": page.color,
    "scene.yaxis.color": page.color,
    "scene.zaxis.color": page.color,
  };
}

function drawsWebGL() {
  return Boolean(document.createElement("canvas").getContext("webgl"));
}

async function draw(display) {
  const figure = JSON.parse(display.querySelector("script").textContent);
  const target = document.createElement("div");
  target.className = "plotly-target";
  display.append(target);
  delete figure.layout.width;
  const options = { responsive: true, displaylogo: false, displayModeBar: false };
  await Plotly.newPlot(target, figure.data, figure.layout, options);
  await Plotly.relayout(target, colours());
  display.querySelector("img").hidden = true;
  target.setAttribute("role", "img");
  target.setAttribute("aria-label", display.querySelector("img").alt);
}

document.addEventListener("DOMContentLoaded", async () => {
  if (!drawsWebGL()) return;
  for (const display of document.querySelectorAll(".plotly-display")) await draw(display);
  new MutationObserver(() => {
    for (const target of document.querySelectorAll(".plotly-target")) Plotly.relayout(target, colours());
  }).observe(document.documentElement, { attributeFilter: ["data-theme"] });
});
