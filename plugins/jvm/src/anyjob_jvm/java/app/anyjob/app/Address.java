package anyjob.app;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;

/** Where a worker listens: {@code unix:PATH} or {@code tcp:HOST:PORT}. */
final class Address {
    private static final int PATIENCE = 10000;

    private final String text;
    private final String path;
    private final String host;
    private final int port;

    /** @throws IllegalArgumentException for what is no address, or one that this JVM cannot dial */
    Address(String text) {
        this.text = text;
        if (text.startsWith("unix:")) {
            path = text.substring(5);
            host = null;
            port = 0;
            if (!path.startsWith("/")) {
                throw new IllegalArgumentException("address " + text + ": the path of a socket begins with /");
            }
            try {
                unix();
            } catch (IOException no) {
                throw new IllegalArgumentException("address " + text + ": " + no.getMessage());
            }
            return;
        }
        int colon = text.lastIndexOf(':');
        if (!text.startsWith("tcp:") || colon < 5) {
            throw new IllegalArgumentException("address " + text + ": write unix:PATH or tcp:HOST:PORT");
        }
        path = null;
        String named = text.substring(4, colon);
        host = named.startsWith("[") && named.endsWith("]") ? named.substring(1, named.length() - 1) : named;
        try {
            port = Integer.parseInt(text.substring(colon + 1));
        } catch (NumberFormatException wrong) {
            throw new IllegalArgumentException("address " + text + ": the port is no number");
        }
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("address " + text + ": the port is not between 1 and 65535");
        }
    }

    SocketChannel dial() throws IOException {
        if (path != null) {
            SocketAddress address = unix();
            try {
                // Opens the family of the address, since 16; older ones know no such address, and have thrown above.
                return (SocketChannel) SocketChannel.class.getMethod("open", SocketAddress.class).invoke(null, address);
            } catch (InvocationTargetException error) {
                throw error.getCause() instanceof IOException ? (IOException) error.getCause() : new IOException(error.getCause());
            } catch (ReflectiveOperationException error) {
                throw new IOException(error);
            }
        }
        SocketChannel channel = SocketChannel.open();
        boolean done = false;
        try {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
            channel.socket().connect(new InetSocketAddress(host, port), PATIENCE);
            done = true;
            return channel;
        } finally {
            if (!done) {
                channel.close();
            }
        }
    }

    private SocketAddress unix() throws IOException {
        try {
            Class<?> kind = Class.forName("java.net.UnixDomainSocketAddress");
            return (SocketAddress) kind.getMethod("of", String.class).invoke(null, path);
        } catch (ClassNotFoundException old) {
            throw new IOException("Java " + System.getProperty("java.version") + " has no Unix sockets; use tcp, or Java 16 or later");
        } catch (InvocationTargetException error) {
            throw new IOException(String.valueOf(error.getCause().getMessage()));
        } catch (ReflectiveOperationException error) {
            throw new IOException(error);
        }
    }

    @Override
    public String toString() {
        return text;
    }
}
