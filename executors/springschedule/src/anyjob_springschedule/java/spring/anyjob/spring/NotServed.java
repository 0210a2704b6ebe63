package anyjob.spring;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** A job names no method, or not one: which field is wrong, and what there is instead. */
final class NotServed extends Exception {
    private static final long serialVersionUID = 1L;
    private static final int SHOWN = 5;

    final String field;
    final String value;
    final String remedy;

    private NotServed(String field, String value, String remedy) {
        super(field + ": " + value + ": " + remedy, null, false, false);
        this.field = field;
        this.value = value;
        this.remedy = remedy;
    }

    static NotServed missing(String className, String method, Collection<ScheduledMethod> all) {
        Set<String> ofClass = new TreeSet<String>();
        Set<String> classes = new TreeSet<String>();
        for (ScheduledMethod one : all) {
            classes.add(one.user.getName());
            if (one.isOf(className)) {
                ofClass.add(one.method.getName());
            }
        }
        if (!ofClass.isEmpty()) {
            return new NotServed("Content.method", method,
                    "is no @Scheduled method of " + className + "; it has " + nearest(method, ofClass));
        }
        if (classes.isEmpty()) {
            return new NotServed("Content.className", className, "has no @Scheduled method here, and no class has");
        }
        return new NotServed("Content.className", className,
                "has no @Scheduled method in this application; there are " + nearest(className, classes)
                        + ". A @Lazy bean counts once it is made");
    }

    static NotServed noSuchBean(String className, String method, String bean, List<ScheduledMethod> here) {
        return new NotServed("Content.bean", bean, "is no bean with " + className + "#" + method + "; write " + beans(here));
    }

    static NotServed ambiguous(String className, String method, List<ScheduledMethod> here) {
        return new NotServed("Content.bean", "",
                "is missing, and " + className + "#" + method + " is on several beans; write one of " + beans(here));
    }

    static NotServed refused(ScheduledMethod method, String why) {
        return new NotServed("Content.method", method.method.getName(), why);
    }

    private static String beans(List<ScheduledMethod> here) {
        Set<String> names = new TreeSet<String>();
        for (ScheduledMethod one : here) {
            names.add(one.bean);
        }
        return String.join(", ", names);
    }

    /** The nearest first, and not more than people read. */
    private static String nearest(String wanted, Set<String> names) {
        String[] sorted = names.toArray(new String[0]);
        java.util.Arrays.sort(sorted, java.util.Comparator.comparingInt(name -> distance(wanted, name)));
        String first = String.join(", ", java.util.Arrays.copyOf(sorted, Math.min(SHOWN, sorted.length)));
        return sorted.length > SHOWN ? first + " and " + (sorted.length - SHOWN) + " more" : first;
    }

    /** Levenshtein's. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int corner = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int up = row[j];
                int change = corner + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(change, Math.min(up, row[j - 1]) + 1);
                corner = up;
            }
        }
        return row[b.length()];
    }
}
