package asyncio.bench.echo;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.Version;
import io.netty.util.internal.PlatformDependent;
import java.io.File;
import java.net.InetSocketAddress;
import java.util.List;
import javax.net.ssl.SSLException;

/**
 * TCP echo in Netty, on one event loop thread that accepts as well: {@code NettyServer
 * nio|epoll|io_uring}; with TLS, {@code NettyServer nio jdk|openssl CHAIN KEY}. {@code NettyServer nio
 * file FILE} sends a file to each connection instead, by sendfile. For each line on its standard input
 * it prints how much memory it uses.
 */
final class NettyServer {
  private NettyServer() {}

  public static void main(String[] args) throws Exception {
    Class<? extends ServerChannel> type;
    IoHandlerFactory handlers;
    switch (args[0]) {
      case "nio" -> {
        type = NioServerSocketChannel.class;
        handlers = NioIoHandler.newFactory();
      }
      case "epoll" -> {
        Epoll.ensureAvailability();
        type = EpollServerSocketChannel.class;
        handlers = EpollIoHandler.newFactory();
      }
      case "io_uring" -> {
        IoUring.ensureAvailability();
        type = IoUringServerSocketChannel.class;
        handlers = IoUringIoHandler.newFactory();
      }
      default -> throw new IllegalArgumentException(args[0]);
    }
    File file = args.length == 3 ? new File(args[2]) : null;
    SslContext tls = args.length < 4 ? null : tls(args[1], new File(args[2]), new File(args[3]));
    var server = new ServerBootstrap()
        .group(new MultiThreadIoEventLoopGroup(1, handlers))
        .channel(type)
        .option(ChannelOption.SO_BACKLOG, 4096)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
        .childHandler(new ChannelInitializer<SocketChannel>() {
          @Override
          protected void initChannel(SocketChannel client) {
            if (tls != null) {
              client.pipeline().addLast(tls.newHandler(client.alloc()));
            }
            client.pipeline().addLast(file == null ? new Echo() : new SendFile(file));
          }
        });
    var address =
        (InetSocketAddress) server.bind("127.0.0.1", 0).sync().channel().localAddress();
    String version = Version.identify().values().iterator().next().artifactVersion();
    MemoryInUse.tellOnRequest(NettyServer::pooled);
    System.out.println(address.getPort() + " Netty " + version + ", "
        + String.join(", ", List.of(args).subList(0, Math.min(2, args.length))));
  }

  /** What its pool holds of memory that is no direct buffer of the JDK's, used or not. */
  private static long pooled() {
    return PlatformDependent.usedDirectMemory();
  }

  private static SslContext tls(String provider, File chain, File key) throws SSLException {
    return SslContextBuilder.forServer(chain, key)
        .sslProvider(provider.equals("jdk") ? SslProvider.JDK : SslProvider.OPENSSL_REFCNT)
        .build();
  }

  private static final class SendFile extends ChannelInboundHandlerAdapter {
    private final File file;

    SendFile(File file) {
      this.file = file;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
      context
          .writeAndFlush(new DefaultFileRegion(file, 0, file.length()))
          .addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }

  private static final class Echo extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      context.write(message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      context.flush();
    }

    /** As drain does: a peer that does not read is not read from. */
    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
      context.channel().config().setAutoRead(context.channel().isWritable());
      context.fireChannelWritabilityChanged();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }
}
