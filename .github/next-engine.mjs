// Jupyter Book 2 loads this before it does anything. It neither computes nor shows what this book generates.
import { writeSync } from "node:fs";

if (!process.env.NEXT_ENGINE) {
  writeSync(2, "This book is made with Jupyter Book 1: python -m pip install -r requirements.txt\n");
  process.exit(1);
}

export default { name: "Trial of the next engine" };
