package demo;

import com.xxl.job.core.context.XxlJobContext;
import com.xxl.job.core.context.XxlJobHelper;
import com.xxl.job.core.executor.impl.XxlJobSimpleExecutor;
import com.xxl.job.core.handler.annotation.XxlJob;
import java.io.File;
import java.io.FileOutputStream;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.Collections;

/** A frameless XXL-JOB executor: admin addresses, port, folder of its logs, token, appname. */
public class Demo {
    @XxlJob("hello")
    public void hello() {
        XxlJobHelper.log("hello {} <b>\u4e2d\u6587", XxlJobHelper.getJobParam());
        XxlJobHelper.handleSuccess("hello " + XxlJobHelper.getJobParam());
    }

    @XxlJob("echo")
    public void echo() {
        XxlJobHelper.handleSuccess(XxlJobHelper.getJobParam());
    }

    @XxlJob("noop")
    public void noop() {
    }

    @XxlJob("fail")
    public void fail() {
        XxlJobHelper.handleFail("said no");
    }

    @XxlJob("throws")
    public void fails() {
        throw new IllegalStateException("no such <order>");
    }

    @XxlJob("sleep")
    public void sleep() throws Exception {
        XxlJobHelper.log("begun");
        Thread.sleep((long) (1000 * Double.parseDouble(XxlJobHelper.getJobParam())));
        XxlJobHelper.handleSuccess("slept");
    }

    @XxlJob("deaf")
    public void deaf() {
        XxlJobHelper.log("begun");
        long end = System.currentTimeMillis() + (long) (1000 * Double.parseDouble(XxlJobHelper.getJobParam()));
        while (System.currentTimeMillis() < end) {
            try {
                Thread.sleep(20);
            } catch (InterruptedException ignored) {
                XxlJobHelper.log("did not listen");
            }
        }
        XxlJobHelper.log("ended by itself");
    }

    /** In the folder that the parameter names: a line in `begun`, then nothing until there is `over`, whoever interrupts
     * if there is `deaf`. */
    @XxlJob("stays")
    public void stays() throws Exception {
        File folder = new File(XxlJobHelper.getJobParam());
        try (FileOutputStream file = new FileOutputStream(new File(folder, "begun"), true)) {
            file.write("begun\n".getBytes(StandardCharsets.UTF_8));
        }
        XxlJobHelper.log("once");
        while (!new File(folder, "over").exists()) {
            try {
                Thread.sleep(20);
            } catch (InterruptedException interrupted) {
                if (!new File(folder, "deaf").exists()) {
                    throw interrupted;
                }
            }
        }
        XxlJobHelper.log("whole");
        XxlJobHelper.handleSuccess("whole");
    }

    @XxlJob("shard")
    public void shard() {
        String said = XxlJobHelper.getShardIndex() + " " + XxlJobHelper.getJobParam() + " " + XxlJobHelper.getShardTotal();
        XxlJobHelper.log("shard {}", said);
        XxlJobHelper.handleSuccess(said);
    }

    @XxlJob("jobid")
    public void jobId() throws Exception {
        String wait = XxlJobHelper.getJobParam();
        Thread.sleep(wait == null || wait.isEmpty() ? 0 : Long.parseLong(wait));
        XxlJobHelper.handleSuccess("" + XxlJobHelper.getJobId());
    }

    /** As many lines of 60 bytes as the parameter says, straight into the file. */
    @XxlJob("flood")
    public void flood() throws Exception {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 10000; i++) {
            lines.append(String.format("%059d\n", i));
        }
        byte[] block = lines.toString().getBytes(StandardCharsets.UTF_8);
        try (FileOutputStream file = new FileOutputStream(logFile(), true)) {
            for (int left = Integer.parseInt(XxlJobHelper.getJobParam()); left > 0; left -= 10000) {
                file.write(block);
            }
        }
    }

    /** Lines from 1 to the parameter, one every 20 ms, in two pieces each. */
    @XxlJob("count")
    public void count() throws Exception {
        try (FileOutputStream file = new FileOutputStream(logFile(), true)) {
            for (int i = 1; i <= Integer.parseInt(XxlJobHelper.getJobParam()); i++) {
                file.write(("number ").getBytes(StandardCharsets.UTF_8));
                Thread.sleep(10);
                file.write((i + "\n").getBytes(StandardCharsets.UTF_8));
                Thread.sleep(10);
            }
        }
    }

    /** Appends LOGID begin and LOGID end to the file that the parameter names. */
    @XxlJob("remember")
    public void remember() throws Exception {
        try (FileOutputStream file = new FileOutputStream(XxlJobHelper.getJobParam(), true)) {
            String id = new File(logFile()).getName().replace(".log", "");
            file.write((id + " begin\n").getBytes(StandardCharsets.UTF_8));
            Thread.sleep(400);
            file.write((id + " end\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    /** The name of the getter is another one from 3.3 on. */
    private static String logFile() throws Exception {
        for (Method method : XxlJobContext.class.getMethods()) {
            if (method.getName().equals("getJobLogFileName") || method.getName().equals("getLogFileName")) {
                return (String) method.invoke(XxlJobContext.getXxlJobContext());
            }
        }
        throw new NoSuchMethodException("getLogFileName");
    }

    private static void set(Object on, String name, Class<?> type, Object value) throws Exception {
        try {
            Method method = on.getClass().getMethod(name, type);
            method.invoke(on, value);
        } catch (NoSuchMethodException absent) {
            System.out.println("this version has no " + name);
        }
    }

    public static void main(String[] args) throws Exception {
        XxlJobSimpleExecutor executor = new XxlJobSimpleExecutor();
        executor.setAdminAddresses(args[0]);
        executor.setIp("127.0.0.1");
        executor.setPort(Integer.parseInt(args[1]));
        executor.setLogPath(args[2]);
        executor.setLogRetentionDays(30);
        executor.setAccessToken(args[3]);
        executor.setAppname(args[4]);
        set(executor, "setTimeout", int.class, 3);
        set(executor, "setGlueEnabled", boolean.class, true);
        executor.setXxlJobBeanList(Collections.<Object>singletonList(new Demo()));
        executor.start();
        Runtime.getRuntime().addShutdownHook(new Thread(executor::destroy));
        while (true) {
            Thread.sleep(3600000);
        }
    }
}
