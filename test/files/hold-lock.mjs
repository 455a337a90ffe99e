// Takes the lock of the folder that is named by the argument, says so, and keeps it until the process ends.
import { diskFolder } from "../../dist/files/disk.js";

await diskFolder(process.argv[2]).lock();
console.log("locked");
setInterval(() => undefined, 1000);
