package anyjob.app;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/** Handlers of signals, by {@code sun.misc.Signal} where this JVM has it: it is no part of Java's specification. */
final class Signals {
    private Signals() {}

    interface Heard {
        void heard(String signal);
    }

    /** @return false when this JVM has no such handlers, or leaves this signal to others (-Xrs) */
    static boolean on(final String name, final Heard heard) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            InvocationHandler calls = new InvocationHandler() {
                @Override
                public Object invoke(Object proxy, Method method, Object[] arguments) {
                    if ("handle".equals(method.getName())) {
                        heard.heard(name);
                        return null;
                    }
                    if ("equals".equals(method.getName())) {
                        return proxy == arguments[0];
                    }
                    return "hashCode".equals(method.getName()) ? (Object) System.identityHashCode(proxy) : "handler";
                }
            };
            Object proxy = Proxy.newProxyInstance(Signals.class.getClassLoader(), new Class<?>[] {handler}, calls);
            signal.getMethod("handle", signal, handler).invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
            return true;
        } catch (Exception no) {
            return false;
        } catch (LinkageError no) {
            return false;
        }
    }
}
