// Sets the formulas, makes what is too large for its slide a little smaller, and starts the show.
(async () => {
  const SMALLEST = 0.6; // of the letters' size in the theme

  document.body.classList.add("measuring"); // every slide is laid out, so that it can be measured
  await MathJax.startup.promise;
  await document.fonts.ready;
  await MathJax.typesetPromise([document.querySelector(".slides")]);
  for (const part of document.querySelectorAll(".slides h2, .body")) {
    let scale = 1;
    const tooLarge = () =>
      part.scrollWidth > part.clientWidth || (part.matches(".body") && part.scrollHeight > part.clientHeight);
    while (tooLarge() && scale > SMALLEST) {
      scale -= 0.05;
      part.style.setProperty("--scale", scale.toFixed(2));
    }
  }
  document.body.classList.remove("measuring");

  await Reveal.initialize({
    width: 1280,
    height: 720,
    margin: 0,
    center: false,
    hash: true,
    controls: false, // the arrow keys, or a click on the edge of a touch screen
    slideNumber: "c/t",
    transition: "none",
    backgroundTransition: "none",
    navigationMode: "linear",
    pdfSeparateFragments: false,
    plugins: [RevealNotes],
  });
})();
