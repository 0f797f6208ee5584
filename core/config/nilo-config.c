/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "nilo-config-value.h"
#include "nilo-meter-id.h"
#include "nilo-nearest.h"
#include "nilo-param.h"

/* keys a message lists when none is near: more would hide the sentence */
#define MAX_LISTED_KEYS 16

struct _NiloConfig {
    GPtrArray *files;       /* element-type NiloKeyfile; while loading */
    GHashTable *groups;     /* header -> NiloKeyfileGroup, both borrowed; while loading */
    GHashTable *keys;       /* GType -> KeyList; while loading */
    GPtrArray *sections;    /* element-type NiloConfigSection */
    GHashTable *section_of; /* header -> NiloConfigSection, borrowed */
    GHashTable *of_kind;    /* kind -> GPtrArray of NiloConfigSection, borrowed */
    GPtrArray *nothing;
};

/* the keys of one type, looked up once */
typedef struct {
    GObjectClass *klass;
    GPtrArray *specs; /* element-type GParamSpec, borrowed */
} KeyList;

/* construct properties of one object while its group is read */
typedef struct {
    GType type;
    const char *member;
    KeyList *keys; /* borrowed */
    GPtrArray *names;
    GArray *values; /* element-type GValue */
} Draft;

typedef struct {
    NiloConfig *config;
    const NiloConfigResolver *resolver;
    GPtrArray *problems;
    const NiloKeyfileGroup *group;
    GPtrArray *drafts;                /* element-type Draft */
    const NiloKeyfileGroup *silenced; /* (nullable): refused, the reason is said elsewhere */
} Binder;

static void
section_free(gpointer data)
{
    NiloConfigSection *self = data;

    g_free(self->kind);
    g_free(self->name);
    g_ref_string_release(self->path);
    g_ptr_array_unref(self->objects);
    g_free(self);
}

static void
key_list_free(gpointer data)
{
    KeyList *self = data;

    g_type_class_unref(self->klass);
    g_ptr_array_unref(self->specs);
    g_free(self);
}

static KeyList *
ensure_key_list(NiloConfig *self, GType type)
{
    KeyList *list = g_hash_table_lookup(self->keys, GSIZE_TO_POINTER(type));
    g_autofree GParamSpec **specs = NULL;
    guint n_specs;

    if (list != NULL)
        return list;
    list = g_new0(KeyList, 1);
    list->klass = g_type_class_ref(type);
    list->specs = g_ptr_array_new();
    specs = g_object_class_list_properties(list->klass, &n_specs);
    for (guint i = 0; i < n_specs; i++) {
        if (nilo_config_value_is_key(specs[i]))
            g_ptr_array_add(list->specs, specs[i]);
    }
    g_hash_table_insert(self->keys, GSIZE_TO_POINTER(type), list);
    return list;
}

static void
draft_free(gpointer data)
{
    Draft *self = data;

    g_ptr_array_unref(self->names);
    g_array_unref(self->values);
    g_free(self);
}

static Draft *
draft_new(NiloConfig *config, const NiloConfigBinding *binding)
{
    Draft *self = g_new0(Draft, 1);

    self->type = binding->type;
    self->member = binding->member;
    self->keys = ensure_key_list(config, binding->type);
    self->names = g_ptr_array_new();
    self->values = g_array_new(FALSE, TRUE, sizeof(GValue));
    g_array_set_clear_func(self->values, (GDestroyNotify)g_value_unset);
    return self;
}

/* takes the contents of value, not the variable */
static void
draft_add(Draft *self, const char *property, GValue *value)
{
    g_ptr_array_add(self->names, (gpointer)property);
    g_array_append_val(self->values, *value);
}

static GParamSpec *
draft_find_key(Draft *self, const char *name)
{
    GParamSpec *spec = g_object_class_find_property(self->keys->klass, name);

    return spec != NULL && nilo_config_value_is_key(spec) && strcmp(spec->name, name) == 0 ? spec
                                                                                           : NULL;
}

static void
report_unknown_key(Binder *self, const char *key)
{
    const NiloConfigPlace place = nilo_keyfile_group_get_place(self->group, key);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *list = NULL;
    const char *nearest;

    for (guint i = 0; i < self->drafts->len; i++) {
        const Draft *draft = g_ptr_array_index(self->drafts, i);

        for (guint j = 0; j < draft->keys->specs->len; j++)
            g_ptr_array_add(names, (gpointer)((GParamSpec *)draft->keys->specs->pdata[j])->name);
    }
    nearest = nilo_nearest_find(key, (const char *const *)names->pdata, names->len);
    if (nearest != NULL) {
        nilo_config_problems_add(self->problems, NILO_ERROR_UNKNOWN_KEY, &place,
                                 _("unknown key, did you mean \"%s\"?"), nearest);
        return;
    }
    if (names->len > MAX_LISTED_KEYS || names->len == 0) {
        nilo_config_problems_add(self->problems, NILO_ERROR_UNKNOWN_KEY, &place, _("unknown key"));
        return;
    }
    g_ptr_array_add(names, NULL);
    list = g_strjoinv(", ", (char **)names->pdata);
    nilo_config_problems_add(self->problems, NILO_ERROR_UNKNOWN_KEY, &place,
                             _("unknown key, expected one of %s"), list);
}

static void
bind_key(Binder *self, const char *key)
{
    const NiloConfigPlace place = nilo_keyfile_group_get_place(self->group, key);
    g_autoptr(GError) error = NULL;
    GValue value = G_VALUE_INIT;
    GParamSpec *owner = NULL;
    Draft *draft = NULL;

    for (guint i = 0; i < self->drafts->len; i++) {
        GParamSpec *spec = draft_find_key(g_ptr_array_index(self->drafts, i), key);

        if (spec == NULL)
            continue;
        if (owner != NULL) {
            nilo_config_problems_add(
                self->problems, NILO_ERROR_TYPE_CLASH, &place,
                _("the key belongs to %s and to %s, expected one owner: a plugin is wrong"),
                g_type_name(owner->owner_type), g_type_name(spec->owner_type));
            return;
        }
        owner = spec;
        draft = g_ptr_array_index(self->drafts, i);
    }
    if (owner == NULL) {
        report_unknown_key(self, key);
        return;
    }
    if (nilo_config_value_parse_key(owner, self->group, &value, &error))
        draft_add(draft, owner->name, &value);
    else
        nilo_config_problems_take(self->problems, &place, g_steal_pointer(&error));
}

static void
check_required(Binder *self, const Draft *draft)
{
    for (guint i = 0; i < draft->keys->specs->len; i++) {
        const GParamSpec *spec = draft->keys->specs->pdata[i];
        NiloConfigPlace place = nilo_keyfile_group_get_place(self->group, NULL);

        if ((spec->flags & NILO_PARAM_REQUIRED) == 0 ||
            nilo_keyfile_group_find_key(self->group, spec->name) != NULL)
            continue;
        place.key = spec->name;
        nilo_config_problems_add(self->problems, NILO_ERROR_MISSING_KEY, &place,
                                 _("the key is missing: %s"),
                                 g_dgettext(GETTEXT_PACKAGE,
                                            g_param_spec_get_blurb((GParamSpec *)spec)));
    }
}

/* the group's own name is the object's name, or the meter's id */
static void
bind_name(Binder *self, Draft *draft)
{
    const NiloConfigPlace place = nilo_keyfile_group_get_place(self->group, NULL);
    GParamSpec *name = g_object_class_find_property(draft->keys->klass, "name");
    GParamSpec *id = g_object_class_find_property(draft->keys->klass, "id");
    g_autoptr(NiloMeterId) meter_id = NULL;
    g_autoptr(GError) error = NULL;
    GValue value = G_VALUE_INIT;

    if (self->group->name == NULL)
        return;
    if (id != NULL && id->value_type == NILO_TYPE_METER_ID && !nilo_config_value_is_key(id)) {
        meter_id = nilo_meter_id_new(self->group->name, &error);
        if (meter_id == NULL) {
            nilo_config_problems_take(self->problems, &place, g_steal_pointer(&error));
            return;
        }
        g_value_init(&value, NILO_TYPE_METER_ID);
        g_value_take_boxed(&value, g_steal_pointer(&meter_id));
        draft_add(draft, id->name, &value);
    } else if (name != NULL && G_IS_PARAM_SPEC_STRING(name) && !nilo_config_value_is_key(name)) {
        g_value_init(&value, G_TYPE_STRING);
        g_value_set_string(&value, self->group->name);
        draft_add(draft, name->name, &value);
    }
}

static GObject *
draft_build(Draft *self, GError **error)
{
    g_autoptr(GObject) object =
        g_object_new_with_properties(self->type, self->names->len,
                                     (const char **)self->names->pdata,
                                     (const GValue *)(gconstpointer)self->values->data);

    if (G_IS_INITABLE(object) && !g_initable_init(G_INITABLE(object), NULL, error))
        return NULL;
    return g_steal_pointer(&object);
}

/* last first, because the first may hold the others as members */
static GPtrArray *
build_objects(Binder *self)
{
    g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func(g_object_unref);
    Draft *first = self->drafts->len > 0 ? g_ptr_array_index(self->drafts, 0) : NULL;

    for (guint i = self->drafts->len; i-- > 0;) {
        Draft *draft = g_ptr_array_index(self->drafts, i);
        g_autoptr(GError) error = NULL;
        GObject *object = draft_build(draft, &error);

        if (object == NULL) {
            const NiloConfigPlace place = nilo_keyfile_group_get_place(self->group, NULL);

            nilo_config_problems_take(self->problems, &place, g_steal_pointer(&error));
            return NULL;
        }
        g_ptr_array_insert(objects, 0, object);
        if (draft != first && draft->member != NULL) {
            GValue value = G_VALUE_INIT;

            g_value_init(&value, G_TYPE_OBJECT);
            g_value_set_object(&value, object);
            draft_add(first, draft->member, &value);
        }
    }
    return g_steal_pointer(&objects);
}

static void
add_section(NiloConfig *self, const NiloKeyfileGroup *group, GRefString *path, GPtrArray *objects)
{
    NiloConfigSection *section = g_new0(NiloConfigSection, 1);
    GPtrArray *of_kind;

    section->kind = g_strdup(group->kind);
    section->name = g_strdup(group->name);
    section->path = g_ref_string_acquire(path);
    section->line = group->line;
    section->objects = objects;
    g_ptr_array_add(self->sections, section);
    g_hash_table_insert(self->section_of, g_strdup(group->header), section);
    of_kind = g_hash_table_lookup(self->of_kind, section->kind);
    if (of_kind == NULL) {
        of_kind = g_ptr_array_new();
        g_hash_table_insert(self->of_kind, section->kind, of_kind);
    }
    g_ptr_array_add(of_kind, section);
}

/* what was wrong with one group does not keep the others from being checked */
static void
bind_group(Binder *self, const NiloKeyfileGroup *group, GRefString *path)
{
    g_autoptr(GArray) bindings = g_array_new(FALSE, FALSE, sizeof(NiloConfigBinding));
    g_autoptr(GPtrArray) drafts = g_ptr_array_new_with_free_func(draft_free);
    g_autoptr(GError) error = NULL;
    const guint n_problems = self->problems->len;
    const char *blamed = NULL;
    GPtrArray *objects;

    self->group = group;
    self->drafts = drafts;
    if (!self->resolver->resolve(self->resolver->user_data, self->config, group, bindings, &blamed,
                                 &error)) {
        const NiloConfigPlace place = nilo_keyfile_group_get_place(group, blamed);

        if (error != NULL)
            nilo_config_problems_take(self->problems, &place, g_steal_pointer(&error));
        else if (self->silenced == NULL)
            self->silenced = group;
        return;
    }
    for (guint i = 0; i < bindings->len; i++)
        g_ptr_array_add(drafts,
                        draft_new(self->config, &g_array_index(bindings, NiloConfigBinding, i)));
    if (drafts->len > 0)
        bind_name(self, g_ptr_array_index(drafts, 0));
    for (guint i = 0; i < group->keys->len; i++)
        bind_key(self, g_array_index(group->keys, NiloKeyfileKey, i).name);
    for (guint i = 0; i < drafts->len; i++)
        check_required(self, g_ptr_array_index(drafts, i));
    if (self->problems->len > n_problems)
        return;
    objects = build_objects(self);
    if (objects != NULL)
        add_section(self->config, group, path, objects);
}

static const NiloConfigKind *
find_kind(const NiloConfigResolver *resolver, const char *name)
{
    for (gsize i = 0; i < resolver->n_kinds; i++) {
        if (strcmp(resolver->kinds[i].kind, name) == 0)
            return &resolver->kinds[i];
    }
    return NULL;
}

static void
report_unknown_kind(Binder *self, const NiloKeyfileGroup *group)
{
    const NiloConfigPlace place = nilo_keyfile_group_get_place(group, NULL);
    g_autoptr(GPtrArray) kinds = g_ptr_array_new();
    g_autofree char *list = NULL;
    const char *nearest;

    for (gsize i = 0; i < self->resolver->n_kinds; i++)
        g_ptr_array_add(kinds, (gpointer)self->resolver->kinds[i].kind);
    nearest = nilo_nearest_find(group->kind, (const char *const *)kinds->pdata, kinds->len);
    if (nearest != NULL) {
        nilo_config_problems_add(self->problems, NILO_ERROR_UNKNOWN_GROUP, &place,
                                 _("unknown group \"%s\", did you mean \"%s\"?"), group->kind,
                                 nearest);
        return;
    }
    g_ptr_array_add(kinds, NULL);
    list = g_strjoinv(", ", (char **)kinds->pdata);
    nilo_config_problems_add(self->problems, NILO_ERROR_UNKNOWN_GROUP, &place,
                             _("unknown group \"%s\", expected one of %s"), group->kind, list);
}

static gboolean
check_kind(Binder *self, const NiloKeyfileGroup *group)
{
    const NiloConfigPlace place = nilo_keyfile_group_get_place(group, NULL);
    const NiloConfigKind *kind = find_kind(self->resolver, group->kind);

    if (kind == NULL) {
        report_unknown_kind(self, group);
        return FALSE;
    }
    if (kind->named && group->name == NULL) {
        nilo_config_problems_add(self->problems, NILO_ERROR_SYNTAX, &place,
                                 _("the group has no name, expected one like \"[%s NAME]\""),
                                 group->kind);
        return FALSE;
    }
    if (!kind->named && group->name != NULL) {
        nilo_config_problems_add(self->problems, NILO_ERROR_SYNTAX, &place,
                                 _("the group takes no name, expected \"[%s]\""), group->kind);
        return FALSE;
    }
    return TRUE;
}

/* a group that stands in two files is one too many: which of them counts? */
static void
index_groups(NiloConfig *self, NiloKeyfile *file, GPtrArray *problems)
{
    GPtrArray *groups = nilo_keyfile_get_groups(file);

    for (guint i = 0; i < groups->len; i++) {
        NiloKeyfileGroup *group = g_ptr_array_index(groups, i);
        const NiloKeyfileGroup *before = g_hash_table_lookup(self->groups, group->header);
        const NiloConfigPlace place = nilo_keyfile_group_get_place(group, NULL);

        if (before == NULL)
            g_hash_table_insert(self->groups, group->header, group);
        else
            nilo_config_problems_add(problems, NILO_ERROR_DUPLICATE, &place,
                                     _("the group already stands at %s:%u"),
                                     nilo_keyfile_get_path(before->file), before->line);
    }
}

static void
bind_file(Binder *self, NiloKeyfile *file)
{
    GPtrArray *groups = nilo_keyfile_get_groups(file);
    GRefString *path = g_ref_string_new(nilo_keyfile_get_path(file));

    for (guint i = 0; i < groups->len; i++) {
        const NiloKeyfileGroup *group = g_ptr_array_index(groups, i);

        if (g_hash_table_lookup(self->config->groups, group->header) == group &&
            check_kind(self, group))
            bind_group(self, group, path);
    }
    g_ref_string_release(path);
}

static void
check_section(Binder *self, NiloConfigSection *section)
{
    const NiloKeyfileGroup *group =
        nilo_config_find_group(self->config, section->kind, section->name);
    g_autoptr(GError) error = NULL;
    const char *blamed = NULL;
    NiloConfigPlace place;

    if (self->resolver->check(self->resolver->user_data, self->config, section, &blamed, &error))
        return;
    place = nilo_keyfile_group_get_place(group, blamed);
    nilo_config_problems_take(self->problems, &place, g_steal_pointer(&error));
}

/* nothing may be left out without a word, whatever a resolver does */
static void
report_silenced(Binder *self)
{
    const NiloConfigPlace place = nilo_keyfile_group_get_place(self->silenced, NULL);

    nilo_config_problems_add(self->problems, NILO_ERROR_FAILED, &place,
                             _("the group cannot be understood"));
}

static NiloConfig *
config_new(void)
{
    NiloConfig *self = g_new0(NiloConfig, 1);

    self->files = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_keyfile_free);
    self->groups = g_hash_table_new(g_str_hash, g_str_equal);
    self->keys = g_hash_table_new_full(NULL, NULL, NULL, key_list_free);
    self->sections = g_ptr_array_new_with_free_func(section_free);
    self->section_of = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->of_kind =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
    self->nothing = g_ptr_array_new();
    return self;
}

/* groups of a plugin in quarantine are left out, and what hangs on them: nothing else is wrong with
 * them, and the rest of the building is to be read */
static gboolean
must_fail(GPtrArray *problems)
{
    for (guint i = 0; i < problems->len; i++) {
        if (!g_error_matches(problems->pdata[i], NILO_ERROR, NILO_ERROR_QUARANTINED))
            return TRUE;
    }
    return FALSE;
}

/* turns the files into sections; consumes self when that fails */
static NiloConfig *
config_bind(NiloConfig *self, const NiloConfigResolver *resolver, GPtrArray *problems)
{
    Binder binder = {.config = self, .resolver = resolver, .problems = problems};

    for (guint i = 0; i < self->files->len; i++)
        bind_file(&binder, g_ptr_array_index(self->files, i));
    for (guint i = 0; resolver->check != NULL && i < self->sections->len; i++)
        check_section(&binder, g_ptr_array_index(self->sections, i));
    if (problems->len == 0 && binder.silenced != NULL)
        report_silenced(&binder);
    g_hash_table_remove_all(self->groups);
    g_hash_table_remove_all(self->keys);
    g_ptr_array_set_size(self->files, 0);
    if (must_fail(problems))
        g_clear_pointer(&self, nilo_config_free);
    return self;
}

NiloConfig *
nilo_config_parse(const char *path, const char *bytes, gsize size,
                  const NiloConfigResolver *resolver, GPtrArray *problems)
{
    NiloConfig *self = config_new();

    g_ptr_array_add(self->files, nilo_keyfile_parse(path, bytes, size, problems));
    index_groups(self, g_ptr_array_index(self->files, 0), problems);
    return config_bind(self, resolver, problems);
}

static void
load_file(GPtrArray *files, const char *path, GPtrArray *problems)
{
    const NiloConfigPlace place = {.path = path};
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = NULL;
    gsize size;

    if (g_file_get_contents(path, &bytes, &size, &error))
        g_ptr_array_add(files, nilo_keyfile_parse(path, bytes, size, problems));
    else if (!g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        nilo_config_problems_add(problems, NILO_ERROR_FAILED, &place, _("cannot be read: %s"),
                                 error->message);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
load_folder(GPtrArray *files, const char *path, GPtrArray *problems)
{
    const NiloConfigPlace place = {.path = path};
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) folder = g_dir_open(path, 0, &error);
    const char *name;

    if (folder == NULL) {
        if (!g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            nilo_config_problems_add(problems, NILO_ERROR_FAILED, &place, _("cannot be read: %s"),
                                     error->message);
        return;
    }
    while ((name = g_dir_read_name(folder)) != NULL) {
        if (*name != '.' && g_str_has_suffix(name, ".conf"))
            g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *file = g_build_filename(path, g_ptr_array_index(names, i), NULL);

        load_file(files, file, problems);
    }
}

GPtrArray *
nilo_config_list_files(const char *folder, GPtrArray *problems)
{
    g_autofree char *file = g_build_filename(folder, "nilometer.conf", NULL);
    g_autofree char *drop_ins = g_build_filename(folder, "nilometer.conf.d", NULL);
    g_autofree char *meters = g_build_filename(folder, "meters.d", NULL);
    GPtrArray *files = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_keyfile_free);

    load_file(files, file, problems);
    load_folder(files, drop_ins, problems);
    load_folder(files, meters, problems);
    return files;
}

NiloConfig *
nilo_config_load(const char *folder, const NiloConfigResolver *resolver, GPtrArray *problems)
{
    NiloConfig *self = config_new();

    g_ptr_array_unref(self->files);
    self->files = nilo_config_list_files(folder, problems);
    for (guint i = 0; i < self->files->len; i++)
        index_groups(self, g_ptr_array_index(self->files, i), problems);
    return config_bind(self, resolver, problems);
}

void
nilo_config_free(NiloConfig *self)
{
    g_hash_table_unref(self->groups);
    g_ptr_array_unref(self->files);
    g_hash_table_unref(self->keys);
    g_hash_table_unref(self->of_kind);
    g_hash_table_unref(self->section_of);
    g_ptr_array_unref(self->sections);
    g_ptr_array_unref(self->nothing);
    g_free(self);
}

static char *
make_header(const char *kind, const char *name)
{
    return name != NULL ? g_strconcat(kind, " ", name, NULL) : g_strdup(kind);
}

const NiloKeyfileGroup *
nilo_config_find_group(NiloConfig *self, const char *kind, const char *name)
{
    g_autofree char *header = make_header(kind, name);

    return g_hash_table_lookup(self->groups, header);
}

GPtrArray *
nilo_config_list_names(NiloConfig *self, const char *kind)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, self->groups);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const NiloKeyfileGroup *group = value;

        if (strcmp(group->kind, kind) == 0 && group->name != NULL)
            g_ptr_array_add(names, g_strdup(group->name));
    }
    return names;
}

GPtrArray *
nilo_config_list_sections(NiloConfig *self, const char *kind)
{
    GPtrArray *sections = g_hash_table_lookup(self->of_kind, kind);

    return sections != NULL ? sections : self->nothing;
}

NiloConfigSection *
nilo_config_find_section(NiloConfig *self, const char *kind, const char *name)
{
    g_autofree char *header = make_header(kind, name);

    return g_hash_table_lookup(self->section_of, header);
}

gpointer
nilo_config_section_get_object(NiloConfigSection *self, GType type)
{
    for (guint i = 0; i < self->objects->len; i++) {
        GObject *object = g_ptr_array_index(self->objects, i);

        if (g_type_is_a(G_OBJECT_TYPE(object), type))
            return object;
    }
    return NULL;
}
