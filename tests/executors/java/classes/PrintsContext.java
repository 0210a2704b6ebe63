package demo;

IMPORTS
import java.lang.reflect.Method;

/** Every getter of its context, a line each. */
public class PrintsContext extends JavaProcessor {
    @Override
    public ProcessResult process(JobContext context) throws Exception {
        for (Method method : JobContext.class.getMethods()) {
            if (method.getName().startsWith("get") && method.getParameterTypes().length == 0 && !method.getName().equals("getClass")) {
                System.out.println(method.getName().substring(3) + "=" + shown(method.invoke(context)));
            }
        }
        return new ProcessResult(true);
    }

    private static String shown(Object value) {
        if (value instanceof java.util.List) {
            StringBuilder all = new StringBuilder();
            for (Object one : (java.util.List<?>) value) {
                if (one instanceof JobInstanceData) {
                    all.append(((JobInstanceData) one).getJobName() + ":" + ((JobInstanceData) one).getData()).append(' ');
                } else {
                    all.append(one).append(' ');
                }
            }
            return all.toString();
        }
        return value == null ? "null" : value.toString().replace("\n", "\\n");
    }
}
