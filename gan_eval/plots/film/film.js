"use strict";
// Moves the film's pictures to the epoch of the slider. Without it the page shows the last epoch.
(() => {
  const trace = JSON.parse(document.getElementById("film-trace").textContent);
  const slider = document.getElementById("film-epoch");
  const told = document.getElementById("film-told");
  const button = document.getElementById("film-play");
  const labels = document.querySelector(".labels");
  const EACH = 300; // milliseconds
  let playing = null;

  function show(frame) {
    for (const path of document.querySelectorAll("[data-path]"))
      path.setAttribute("d", trace.paths[path.dataset.path][frame]);
    for (const rect of document.querySelectorAll("[data-clip]"))
      rect.setAttribute("width", trace.clips[rect.dataset.clip][frame]);
    for (const dot of document.querySelectorAll("[data-dot]")) {
      const [x, y] = trace.dots[dot.dataset.dot][frame] ?? [-99, -99];
      dot.setAttribute("cx", x);
      dot.setAttribute("cy", y);
    }
    labels.replaceChildren(
      ...trace.labels[frame].map(([x, y, text]) => {
        const label = document.createElementNS("http://www.w3.org/2000/svg", "text");
        label.setAttribute("x", x);
        label.setAttribute("y", y);
        label.textContent = text;
        return label;
      }),
    );
    slider.value = frame;
    slider.setAttribute("aria-valuetext", trace.told[frame]);
    told.textContent = trace.told[frame];
  }

  function stop() {
    clearInterval(playing);
    playing = null;
    button.textContent = "▶ Play";
  }

  function play() {
    const last = Number(slider.max);
    if (Number(slider.value) === last) show(0);
    button.textContent = "❚❚ Pause";
    playing = setInterval(() => {
      show(Number(slider.value) + 1);
      if (Number(slider.value) === last) stop();
    }, EACH);
  }

  slider.addEventListener("input", () => {
    if (playing !== null) stop();
    show(Number(slider.value));
  });
  button.addEventListener("click", () => (playing === null ? play() : stop()));
  document.getElementById("film-controls").hidden = false;
  show(Number(slider.max));
})();
