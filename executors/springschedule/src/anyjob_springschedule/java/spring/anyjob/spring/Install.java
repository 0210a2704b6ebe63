package anyjob.spring;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.scheduling.annotation.ScheduledAnnotationBeanPostProcessor;

/**
 * Puts {@link Takeover} in the place of Spring's own post-processor for @Scheduled.
 *
 * Named in META-INF/spring.factories as an initializer, a key that Boot 2, 3 and 4 read alike. Without Boot call
 * {@code new Install().initialize(context)} before the context is refreshed.
 */
public final class Install
        implements ApplicationContextInitializer<ConfigurableApplicationContext>, BeanFactoryPostProcessor {
    private static final Log LOG = LogFactory.getLog("anyjob");

    private Options options;
    private Application application;

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        options = new Options(context.getEnvironment());
        application = new Application(context, options);
        context.addBeanFactoryPostProcessor(this);
        context.addApplicationListener(application);
    }

    @Override
    public void postProcessBeanFactory(ConfigurableListableBeanFactory factory) {
        // By type, because Spring 7 renamed the bean. None: @EnableScheduling is not there, and nothing is to be taken.
        for (String name : factory.getBeanNamesForType(ScheduledAnnotationBeanPostProcessor.class, true, false)) {
            Class<?> type = factory.getType(name);
            if (type != ScheduledAnnotationBeanPostProcessor.class || !(factory instanceof BeanDefinitionRegistry)) {
                LOG.warn("anyjob: the bean " + name + " is a " + (type == null ? "?" : type.getName())
                        + ", which is left as it is; its @Scheduled methods are not served");
                continue;
            }
            BeanDefinitionRegistry registry = (BeanDefinitionRegistry) factory;
            registry.removeBeanDefinition(name);
            RootBeanDefinition definition = new RootBeanDefinition(Takeover.class);
            definition.setRole(BeanDefinition.ROLE_INFRASTRUCTURE);
            definition.getConstructorArgumentValues().addGenericArgumentValue(application.methods());
            registry.registerBeanDefinition(name, definition);
        }
    }
}
