// TCP echo in Node: as its documentation shows it, with respect for a peer that does not read.
const server = require("net").createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => socket.destroy());
  socket.pipe(socket);
});
server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () =>
  console.log(server.address().port, "Node " + process.version),
);
